/** What every engine of the family owes beyond the kit, told once: hosts, locks, full connection tables, leftovers. */
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';
import { type Connection, openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import { password, type Server } from './server.ts';

/** What management may need to end whoever is in its way, and to be heard. */
const patienceMs = 15_000;

export function hostScenarios(server: Server): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);
  const accounts = async (name: string): Promise<unknown[]> => (await call('users.list', [])).filter((user) => user.name === name);

  it('the same name at two hosts is two users, each with its own password and grants', async () => {
    await call('databases.create', [{ name: 'far' }]);
    await server.user('twin', { shop: ['SELECT'] }, '10.%');
    await call('users.create', [{ name: 'twin', host: '127.%', password: 'Other-password-1', grants: [{ database: 'far', privileges: [] }] }]);
    expect(await accounts('twin')).toEqual([
      { name: 'twin', host: '10.%', grants: [{ database: 'shop', privileges: ['SELECT'] }] },
      { name: 'twin', host: '127.%', grants: [{ database: 'far', privileges: ['ALL'] }] },
    ]);
    await expect(server.ask('twin', 'select 1')).rejects.toThrow(/ERROR 1045/);
    expect(await server.client.ask({ user: 'twin', password: 'Other-password-1', database: 'far' }, 'select 1;')).toBe('1');
    const held = server.client.spawn({ user: 'twin', password: 'Other-password-1', database: 'far' });
    held.stdin.write("select 'in';\n");
    await new Promise((resolve) => held.stdout.once('data', resolve));
    await call('users.delete', [{ name: 'twin', host: '10.%' }]);
    expect(await accounts('twin')).toHaveLength(1);
    held.stdin.end("select 'still in';\n");
    expect(await new Promise((resolve) => held.once('close', resolve))).toBe(0);
    await call('users.delete', [{ name: 'twin', host: '127.%' }]);
  });
  it('a user of another network is not let in, and is once its host is changed', async () => {
    await server.user('mover', { shop: [] }, '192.0.2.0/255.255.255.0');
    // The second: nobody at all may come from here.
    await expect(server.ask('mover', 'select 1')).rejects.toThrow(/ERROR 1045|1130/);
    await call('users.update', [{ name: 'mover', host: '192.0.2.0/255.255.255.0' }, { host: '127.0.0.1' }]);
    expect(await server.ask('mover', 'select 1')).toBe('1');
    await call('users.delete', [{ name: 'mover', host: '127.0.0.1' }]);
  });
}

export function grantScenarios(server: Server): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);
  const grantsOf = async (name: string): Promise<unknown> => (await call('users.list', [])).find((user) => user.name === name)?.grants;

  it('what can be revoked is, with an end of open sessions, whichever of the databases are gone', async () => {
    await call('databases.create', [{ name: 'archive' }]);
    await server.user('several', { shop: [], archive: [] });
    const held = server.client.spawn(server.login('several'));
    held.stdin.on('error', () => undefined).write("select 'in';\n");
    await new Promise((resolve) => held.stdout.once('data', resolve));
    const ended = new Promise((resolve) => held.once('close', resolve));
    const told = await call('grants.revoke', [{ name: 'several' }, ['shop', 'gone', 'archive', 'lost']]).catch((error: unknown) => error);
    held.stdin.end('create table late (a int);\n');
    expect(await ended).not.toBe(0);
    expect(await grantsOf('several')).toEqual([]);
    expect(told).toMatchObject({ code: 'MISSING', message: expect.stringMatching(/"gone".*"lost"/) as string });
    await call('users.delete', [{ name: 'several' }]);
    await call('databases.delete', ['archive']);
  });
  it('nothing is revoked when a database is not named', async () => {
    await server.user('kept');
    await expect(call('grants.revoke', [{ name: 'kept' }, ['shop', null]])).rejects.toMatchObject({ code: 'REFUSED' });
    expect(await grantsOf('kept')).toEqual([{ database: 'shop', privileges: ['ALL'] }]);
    await call('users.delete', [{ name: 'kept' }]);
  });
  it('a user whose host would be refused today can be changed and deleted', async () => {
    await server.asManagement("create user 'old'@'fd00::0001', 'old'@'db.example'");
    await call('grants.grant', [{ name: 'old', host: 'fd00::0001' }, [{ database: 'shop', privileges: [] }]]);
    await expect(call('users.update', [{ name: 'old', host: 'fd00::0001' }, { host: 'fd00::0002' }])).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('write fd00::2') as string });
    await call('users.update', [{ name: 'old', host: 'fd00::0001' }, { host: 'fd00::2' }]);
    for (const host of ['fd00::2', 'db.example']) await call('users.delete', [{ name: 'old', host }]);
    expect(await grantsOf('old')).toBeUndefined();
  });
}

/** `definers`: as whom management can make them. */
export function programScenarios(server: Server, definers: readonly string[], hashes: string): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);

  it('a repair drops programs that run as management or as the server, and no others', async () => {
    await server.user('caller');
    await server.ask('caller', 'create table watched (a int); create procedure honest() select 7; create view plain as select 7 as a');
    const look = `select count(*) from ${hashes}`;
    for (const [index, definer] of definers.map((name) => `'${name}'@'localhost'`).entries()) {
      await server.asManagement(`create definer = ${definer} procedure shop.forged_${index}() ${look}`);
      await server.asManagement(`create definer = ${definer} function shop.forged_function_${index}() returns int reads sql data return (${look})`);
      await server.asManagement(`create definer = ${definer} view shop.forged_view_${index} as ${look}`);
      await server.asManagement(`create definer = ${definer} trigger shop.forged_trigger_${index} before insert on shop.watched for each row set @seen = (${look})`);
      await server.asManagement(`create definer = ${definer} event shop.forged_event_${index} on schedule every 1 hour do do (${look})`);
    }
    expect(Number(await server.ask('caller', 'call forged_0()'))).toBeGreaterThan(0);
    await call('repair', []);
    expect(await server.asManagement("select count(*) from information_schema.routines where routine_name like 'forged%' union all select count(*) from information_schema.triggers where trigger_name like 'forged%' union all select count(*) from information_schema.events where event_name like 'forged%' union all select count(*) from information_schema.views where table_name like 'forged%'")).toBe('0\n0\n0\n0');
    await expect(server.ask('caller', 'call forged_0()')).rejects.toThrow(/ERROR 1305/);
    expect(await server.ask('caller', 'call honest(); select a from plain; insert into watched values (1)')).toBe('7\n7');
    await server.ask('caller', 'drop procedure honest; drop view plain; drop table watched');
    await call('users.delete', [{ name: 'caller' }]);
  });
}

/** Neither the data nor the binary log nor what a start or a repair leaves holds a password: statements carry hashes. */
export function secretScenarios(server: Server): void {
  const found = (text: string): Promise<string> => new Promise((resolve) => {
    const { paths } = server.harness.facts;
    execFile('grep', ['-rlF', text, paths.data, `${paths.data}.tmp`, paths.run, paths.config, paths.logs], (_error, stdout) => resolve(stdout.trim()));
  });
  it('no password is on the volume, in a log or in a file of the server', async () => {
    const [chosen, later] = ['Chosen-password-for-grep', 'Later-password-for-grep'];
    await server.harness.call('users.create', [{ name: 'grepped', password: chosen, grants: [{ database: 'shop', privileges: [] }] }]);
    await server.client.ask({ user: 'grepped', password: chosen, database: 'shop' }, "create table noted (t text); insert into noted values ('a note to be found'); flush binary logs;").catch(() => undefined);
    await server.harness.call('users.update', [{ name: 'grepped' }, { password: later }]);
    await server.harness.call('root.enable', [later]);
    await server.harness.call('repair', []);
    await server.harness.call('stop', ['orderly']);
    await server.harness.call('start', []);
    expect(await found('a note to be found')).not.toBe('');
    for (const secret of [chosen, later, server.harness.facts.managementSecret]) expect(await found(secret)).toBe('');
    await server.harness.call('root.disable', []);
    await server.harness.call('users.delete', [{ name: 'grepped' }]);
  });
}

export function lockScenarios(server: Server): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);

  it('an open transaction and a locked table do not hold up a deletion', async () => {
    await call('databases.create', [{ name: 'stuck' }]);
    await server.user('holder', { stuck: [], shop: [] });
    await server.user('locker', { stuck: [] });
    await server.ask('holder', 'create table stuck.t (a int primary key); create table stuck.u (a int)', 'stuck');
    const holder = server.client.spawn(server.login('holder'));
    holder.stdin.write("begin; insert into stuck.t values (1); select 'held';\n");
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const locker = server.client.spawn(server.login('locker', 'stuck'));
    locker.stdin.write("lock tables u write; select 'held';\n");
    await new Promise((resolve) => locker.stdout.once('data', resolve));
    const since = performance.now();
    await call('databases.delete', ['stuck']);
    expect(performance.now() - since).toBeLessThan(patienceMs);
    for (const client of [holder, locker]) client.stdin.end();
    await call('users.delete', [{ name: 'holder' }]);
    await call('users.delete', [{ name: 'locker' }]);
  });
  it('a prepared transaction that was left behind does not either', async () => {
    await call('databases.create', [{ name: 'prepared' }]);
    await server.user('leaver', { prepared: [] });
    await server.ask('leaver', "create table t (a int primary key); xa start X'ff00fe', 'be''hind', 7; insert into t values (1); xa end X'ff00fe', 'be''hind', 7; xa prepare X'ff00fe', 'be''hind', 7", 'prepared');
    await call('databases.delete', ['prepared']);
    expect((await call('databases.list', [])).map((database) => database.name)).not.toContain('prepared');
    await call('users.delete', [{ name: 'leaver' }]);
  });
  it('what a deleted database granted does not open a later one of its name', async () => {
    await call('databases.create', [{ name: 'again' }]);
    await server.user('earlier', { again: [] });
    await call('databases.delete', ['again']);
    expect((await call('users.list', [])).find((user) => user.name === 'earlier')?.grants).toEqual([]);
    await server.user('dropper', { shop: [] });
    await call('databases.create', [{ name: 'again' }]);
    await call('grants.grant', [{ name: 'earlier' }, [{ database: 'again', privileges: [] }]]);
    await server.ask('earlier', 'drop database again', 'again');
    await call('databases.create', [{ name: 'again' }]);
    await expect(server.ask('earlier', 'select 1', 'again')).rejects.toThrow(/ERROR 1044/);
    await expect(call('grants.grant', [{ name: 'earlier' }, [{ database: 'never', privileges: [] }]])).rejects.toThrow(/does not exist/);
    for (const name of ['earlier', 'dropper']) await call('users.delete', [{ name }]);
  });
  it('what a call that died left unfinished is ended before the next begins', async () => {
    const orphan = await openConnection({ socketPath: `${server.harness.facts.paths.run}/server.sock` }, { user: 'coffer', password: server.harness.facts.managementSecret, database: null }, 5_000);
    const { createHash } = await import('node:crypto');
    const lock = `coffer/${createHash('sha256').update(`${server.harness.facts.managementSecret}/turn`).digest('hex').slice(0, 24)}`;
    expect(await orphan.query(`select get_lock('${lock}', 0) as got`, 5_000)).toEqual([{ got: '1' }]);
    const sleeping = orphan.query('select sleep(60)', 60_000).then(() => 'slept', () => 'ended');
    await server.user('next');
    expect(await sleeping).toBe('ended');
    await call('users.delete', [{ name: 'next' }]);
  });
  it('clients that take every connection do not lock management out', async () => {
    await server.user('crowd');
    const places = Number(await server.asManagement('select @@global.max_connections'));
    const { host, ports, caCertificate } = server.harness.facts;
    await call('probe', []);
    const look = await server.asManagement("select max(id) from information_schema.processlist where user = 'coffer' and id <> connection_id()");
    const place = { host, port: Object.values(ports)[0] ?? 0, ca: caCertificate };
    const refused: number[] = [];
    const clients: Connection[] = [];
    for (let index = 0; index < places + 3; index++) {
      await openConnection(place, { user: 'crowd', password, database: 'shop' }, 5_000).then((client) => clients.push(client), (error: { number?: number }) => refused.push(error.number ?? 0));
    }
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(new Set(refused)).toEqual(new Set([1040]));
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false, detail: expect.stringContaining('connections') as string });
    await call('users.create', [{ name: 'squeezed', password, grants: [{ database: 'shop', privileges: ['SELECT'] }] }]);
    await call('users.delete', [{ name: 'squeezed' }]);
    // The look at the server loses its connection, and the crowd takes that place too: the last one is not the look's to keep.
    await expect.poll(() => server.asManagement(`kill ${look}`).then(() => 'gone', (error: Error) => error.message)).toBe('gone');
    await expect.poll(() => openConnection(place, { user: 'crowd', password, database: 'shop' }, 5_000).then((client) => clients.push(client) > 0, () => false)).toBe(true);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', detail: expect.stringContaining('connections') as string });
    await call('users.create', [{ name: 'squeezed', password, grants: [{ database: 'shop', privileges: ['SELECT'] }] }]);
    await call('users.delete', [{ name: 'squeezed' }]);
    for (const client of clients) client.close();
    await expect.poll(() => call('probe', [])).toMatchObject({ state: 'ok', detail: null });
    await call('users.delete', [{ name: 'crowd' }]);
  });
  it('functions, triggers and events can be made and run', async () => {
    await server.user('maker');
    await server.ask('maker', 'create table log (t text); create table src (a int); create trigger tr after insert on src for each row insert into log values (new.a); create function twice(a int) returns int no sql return a * 2; create event ev on schedule at current_timestamp do insert into log values (\'event\'); insert into src values (21)');
    expect(await server.ask('maker', 'select twice(t) from log where t <> \'event\'')).toBe('42');
    await expect.poll(() => server.ask('maker', "select count(*) from log where t = 'event'"), { timeout: 10_000 }).toBe('1');
    await server.ask('maker', 'drop table src, log; drop function twice');
    await call('users.delete', [{ name: 'maker' }]);
  });
}

/** `damages`: what is done to the management account, with what is told of it. */
export function managementScenario(server: Server, title: string, damages: readonly (readonly [sql: string, told: RegExp])[]): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);

  it(title, async () => {
    await server.user('keeper');
    await server.ask('keeper', 'create table kept (a int); insert into kept values (7)');
    for (const [sql, told] of damages) {
      // Its connection stays, whatever becomes of the account.
      await call('probe', []);
      await server.asManagement(sql);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true, detail: expect.stringMatching(told) as string });
      await call('repair', []);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    }
    await server.asManagement("drop user 'coffer'@'localhost'");
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true });
    await call('stop', ['immediate']);
    await expect(call('start', [])).rejects.toThrow(/refuses the management account/);
    await call('repair', []);
    await call('repair', []);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await server.ask('keeper', 'select a from kept')).toBe('7');
    await call('users.update', [{ name: 'keeper' }, { password }]);
    await call('users.delete', [{ name: 'keeper' }]);
  });
}
