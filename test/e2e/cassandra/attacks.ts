/** Statements that no tenant may succeed with. */
export interface Attack { who: 'user' | 'root'; title: string; cql: string }

/** Neither a user with everything in its keyspace nor root. */
const ofBoth: [title: string, cql: string][] = [
  ['makes a superuser', `create role evil with superuser = true and login = true and password = 'x'`],
  ['becomes a superuser', 'alter role {me} with superuser = true'],
  ['takes the management account over', `alter role coffer with password = 'x'`],
  ['takes the management account over by a hash', `alter role coffer with hashed password = '$2a$04$abcdefghijklmnopqrstuuSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS'`],
  ['locks the management account', 'alter role coffer with login = false'],
  ['demotes the management account', 'alter role coffer with superuser = false'],
  ['removes the management account', 'drop role coffer'],
  ['makes the management account anew', `create role coffer with login = true and password = 'x'`],
  ['joins the management account', 'grant coffer to {me}'],
  ['draws the management account into itself', 'grant {me} to coffer'],
  ['gives a certificate the management account', `add identity 'spiffe://evil' to role 'coffer'`],
  ['keeps the management account to another data centre', `alter role coffer with access to datacenters {'elsewhere'}`],
  ['keeps the management account to other addresses', `alter role coffer with access from cidrs {'elsewhere'}`],
  ['reads the hashes', 'select role, salted_hash from system_auth.roles'],
  ['writes a role', `insert into system_auth.roles (role, is_superuser, can_login) values ('evil', true, true)`],
  ['writes itself a superuser', `update system_auth.roles set is_superuser = true where role = '{me}'`],
  ['removes a role by its row', `delete from system_auth.roles where role = 'coffer'`],
  ['empties the roles', 'truncate system_auth.roles'],
  ['writes itself a permission', `insert into system_auth.role_permissions (role, resource, permissions) values ('{me}', 'data', {'AUTHORIZE'})`],
  ['writes itself a membership', `insert into system_auth.role_members (role, member) values ('coffer', '{me}')`],
  ['drops the table of roles', 'drop table system_auth.roles'],
  ['drops the keyspace of roles', 'drop keyspace system_auth'],
  ['scatters the keyspace of roles', `alter keyspace system_auth with replication = {'class': 'SimpleStrategy', 'replication_factor': 3}`],
  ['makes a table among the roles', 'create table system_auth.evil (a int primary key)'],
  ['makes a table of the system', 'create table system.evil (a int primary key)'],
  ['makes a table of the distributed system', 'create table system_distributed.evil (a int primary key)'],
  ['makes a table of traces', 'create table system_traces.evil (a int primary key)'],
  ['changes the schema by hand', `delete from system_schema.keyspaces where keyspace_name = 'shop'`],
  ['reads the configuration', 'select * from system_views.settings'],
  ['reads the environment', 'select * from system_views.system_properties'],
  ['reads who is connected', 'select * from system_views.clients'],
  ['changes the configuration', `update system_views.settings set value = 'x' where name = 'authenticator'`],
  ['takes all keyspaces', 'grant all permissions on all keyspaces to {me}'],
  ['takes the keyspace of roles', 'grant select on keyspace system_auth to {me}'],
  ['takes the table of roles', 'grant modify on table system_auth.roles to {me}'],
  ['takes all roles', 'grant all permissions on all roles to {me}'],
  ['takes the role of management', 'grant alter on role coffer to {me}'],
  ['takes all functions', 'grant execute on all functions to {me}'],
  ['takes the management port\'s objects', 'grant execute on all mbeans to {me}'],
  ['reads the permissions of management', 'list all permissions of coffer'],
  ['runs Java in the server', `create function shop.evil(a int) returns null on null input returns int language java as 'return a;'`],
  ['runs JavaScript in the server', `create function shop.evil(a int) returns null on null input returns int language javascript as 'a'`],
  ['runs a trigger in the server', `create trigger evil on shop.goods using 'org.evil.Trigger'`],
  ['makes a materialised view', 'create materialized view shop.evil as select * from shop.goods where a is not null primary key (a)'],
  ['indexes with a class of its choice', `create custom index evil on shop.goods (b) using 'java.lang.ProcessBuilder'`],
  ['compacts with a class of its choice', `alter table shop.goods with compaction = {'class': 'java.lang.ProcessBuilder'}`],
];

const ofUser: [title: string, cql: string][] = [
  ['makes a keyspace', `create keyspace evil with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`],
  ['makes a role', `create role evil with login = true and password = 'x'`],
  ['takes another user over', `alter role other with password = 'x'`],
  ['removes another user', 'drop role other'],
  ['gives rights on the keyspace', 'grant select on keyspace shop to other'],
  ['reads another keyspace', 'select * from vault.gold'],
  ['writes another keyspace', 'insert into vault.gold (a) values (2)'],
  ['joins root', 'grant root to {me}'],
];

const ofRoot: [title: string, cql: string][] = [
  ['gives away all keyspaces', 'grant create on all keyspaces to other'],
  ['gives away all roles', 'grant create on all roles to other'],
  ['gives away the right to give rights to all', 'grant authorize on all keyspaces to other'],
  ['gives another the keyspace of roles', 'grant select on keyspace system_auth to other'],
  ['makes another a superuser', 'alter role other with superuser = true'],
  ['joins another to management', 'grant coffer to other'],
];

const fill = (who: Attack['who'], list: readonly [string, string][]): Attack[] => list.map(([title, cql]) => ({ who, title, cql: cql.replaceAll('{me}', who === 'user' ? 'eve' : 'root') }));
export const attacks: readonly Attack[] = [...fill('user', [...ofBoth, ...ofUser]), ...fill('root', [...ofBoth, ...ofRoot])];
