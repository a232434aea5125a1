/** What tenants may do within their rights, and what would happen to management that trusts what it finds. */
import { describe, expect, it } from 'vitest';
import { password, tracks, useServer } from '../../e2e/postgresql/server.ts';

describe.each(tracks)('on %s', (track) => {
  const server = useServer(track);
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  let count = 0;

  /** Everything management does inside a tenant's database and around it. */
  async function everything(): Promise<void> {
    const [reader, writer] = [`reader_${++count}`, `writer_${count}`];
    await server.user(writer);
    await server.user(reader, { shop: ['SELECT', 'INSERT'] });
    await server.ask(writer, `set role none; create table made_${count} (a int); insert into made_${count} values (1)`);
    await call('users.update', [{ name: reader }, { password }]);
    await call('grants.revoke', [{ name: reader }, ['shop']]);
    await call('users.delete', [{ name: reader }]);
    await call('users.delete', [{ name: writer }]);
    expect(await server.ask('owner', `select tableowner from pg_tables where tablename = 'made_${count}'`)).toBe('coffer_own_shop');
    expect((await call('databases.list', [])).map((one) => one.name)).toContain('shop');
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
  }

  it('management works in an honest database', async () => {
    await server.user('owner');
    await everything();
  });

  it('settings of a database do not reach management', async () => {
    await call('databases.create', [{ name: 'rigged' }]);
    await server.user('rigger', { rigged: [] });
    await server.user('leaver', { rigged: [] });
    await server.ask('leaver', 'set role none; create table theirs (a int)', 'rigged');
    // Every parameter a tenant may set, at its most inconvenient; then those that hurt most.
    const names = await server.asManagement("select name || '=' || case vartype when 'bool' then case boot_val when 'on' then 'off' else 'on' end when 'enum' then enumvals[1] when 'string' then 'evil' else min_val end from pg_settings where context in ('user', 'backend')");
    const settings = [...names.split('\n'), 'post_auth_delay=3600', 'statement_timeout=1', 'lock_timeout=1', 'default_transaction_read_only=on', 'exit_on_error=on', 'search_path=evil', 'client_encoding=sql_ascii', 'role=coffer_own_rigged', 'session_authorization=rigger'];
    const script = settings.map((one) => one.split('=')).map(([name, value]) => `alter database rigged set ${name} = '${value}';`).join('\n');
    await server.psql.run(server.login('rigger', 'rigged'), `\\set ON_ERROR_STOP off\n${script}`);
    expect(Number(await server.asManagement("select cardinality(setconfig) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = 'rigged' and setrole = 0"))).toBeGreaterThan(80);
    await expect(server.ask('rigger', 'select 1', 'rigged')).rejects.toThrow();

    await server.user('updater', { rigged: ['UPDATE', 'SELECT'] });
    await call('grants.revoke', [{ name: 'updater' }, ['rigged']]);
    await call('users.delete', [{ name: 'leaver' }]);
    await call('users.delete', [{ name: 'updater' }]);
    await server.asManagement('alter database rigged reset all');
    expect(await server.ask('rigger', "select tableowner from pg_tables where tablename = 'theirs'", 'rigged')).toBe('coffer_own_rigged');
    await call('databases.delete', ['rigged']);
  });

  it('names made to be mistaken for the server\'s own are not used by management', async () => {
    await server.ask('owner', `
      create table public.caught (who text, what text);
      create function public.spring(what text) returns text language plpgsql as $$ begin insert into public.caught values (current_user, what); return 'x'; end $$;
      create function public.pg_terminate_backend(int) returns bool language sql as $$ select public.spring('terminate') is not null $$;
      create function public.pg_database_size(oid) returns bigint language sql as $$ select public.spring('size')::bigint $$;
      create function public.shobj_description(oid, name) returns text language sql as $$ select public.spring('description') $$;
      create function public.quote_ident(text) returns text language sql as $$ select public.spring('quote') $$;
      create function public.same(name, text) returns bool language sql as $$ select public.spring('operator') is not null $$;
      create operator public.= (leftarg = name, rightarg = text, function = public.same);
      create view public.pg_roles as select public.spring('roles') as rolname;
      create view public.pg_namespace as select public.spring('namespace') as nspname;
      create table public.pg_shdepend (dbid int default length(public.spring('default')));
      create function public.trap() returns trigger language plpgsql as $$ begin perform public.spring('trigger'); return new; end $$;
      create trigger trap before insert on public.pg_shdepend for each row execute function public.trap();
      create domain public.int4 as integer check (public.spring('domain') is not null);
      alter database shop set search_path = public, pg_catalog;`);
    await everything();
    expect(await server.ask('owner', "select count(*) from public.caught where who = 'coffer'")).toBe('0');
    await server.asManagement('alter database shop reset all');
  });

  it('a database its owner closed, limited or made a template is still managed', async () => {
    await call('databases.create', [{ name: 'shut' }]);
    await server.user('keeper', { shut: [] });
    await server.ask('keeper', 'set role none; create table own (a int)', 'shut');
    await server.ask('keeper', 'alter database shut connection limit 0; alter database shut is_template true', 'shut');
    await server.ask('owner', 'select 1');
    await server.asManagement('alter database shut allow_connections false');
    await server.user('looker', { shut: ['SELECT'] });
    await call('users.delete', [{ name: 'keeper' }]);
    await call('users.delete', [{ name: 'looker' }]);
    await call('databases.delete', ['shut']);
    expect((await call('databases.list', [])).map((one) => one.name)).not.toContain('shut');
  });

  it('an open transaction does not hold up a revocation or a deletion', async () => {
    await call('databases.create', [{ name: 'stuck' }]);
    await server.user('holder', { stuck: [], shop: [] });
    await server.user('goner', { stuck: [] });
    await server.ask('goner', 'set role none; create table theirs (a int); grant all on theirs to coffer_own_stuck', 'stuck');
    const holder = server.psql.spawn(server.login('holder', 'stuck'));
    holder.stdin.write('begin; alter database stuck set work_mem = \'1MB\'; lock table theirs in access exclusive mode; select \'held\';\n');
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const since = performance.now();
    await call('users.delete', [{ name: 'goner' }]);
    await call('databases.delete', ['stuck']);
    expect(performance.now() - since).toBeLessThan(15_000);
    holder.stdin.end();
  });

  it('what a call that died left unfinished is undone before the next begins', async () => {
    const orphan = server.psql.spawn({ user: 'coffer', password: server.harness.facts.managementSecret, database: 'postgres' }, { PGHOST: server.harness.facts.paths.run, PGSSLMODE: 'disable', PGAPPNAME: 'coffer/op' });
    orphan.stdin.write("begin; alter role owner password null; comment on role owner is 'half way'; select 'held';\n");
    await new Promise((resolve) => orphan.stdout.once('data', resolve));
    const gone = new Promise((resolve) => orphan.once('close', resolve));
    await call('users.update', [{ name: 'owner' }, { password }]);
    orphan.stdin.end('select 1;\n');
    expect(await gone).not.toBe(0);
    expect(await server.ask('owner', 'select 1')).toBe('1');
  });

  it('clients that take every connection do not lock management out', async () => {
    const places = Number(await server.asManagement("select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true), '0')::int"));
    const { default: pg } = await import('pg');
    const facts = server.harness.facts;
    const clients = Array.from({ length: places + 3 }, () => new pg.Client({ host: facts.host, port: facts.ports['postgresql']!, user: 'owner', password, database: 'shop', ssl: { ca: facts.caCertificate, checkServerIdentity: () => undefined } }));
    const refused: string[] = [];
    for (const client of clients) await client.on('error', () => undefined).connect().catch((error: { code: string }) => refused.push(error.code));
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(new Set(refused)).toEqual(new Set(['53300']));
    expect(await call('probe', [])).toMatchObject({ state: 'ok', detail: expect.stringContaining('connections') as string });
    await call('users.create', [{ name: 'squeezed', password, grants: [{ database: 'shop', privileges: ['SELECT'] }] }]);
    await call('users.delete', [{ name: 'squeezed' }]);
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await expect.poll(() => call('probe', [])).toMatchObject({ state: 'ok', detail: null });
  });

  it('management that was lost is noticed and repaired', async () => {
    await server.asManagement("alter role coffer password 'another one'; create role hidden superuser");
    await expect.poll(() => call('probe', [])).toMatchObject({ managementLost: false });
    await call('stop', ['immediate']);
    await expect(call('start', [])).rejects.toThrow(/refuses the management role/);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true });
    await call('repair', []);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    await server.asManagement("create role other superuser login; select pg_reload_conf()");
    await server.asManagement("set role other; alter role coffer nosuperuser").catch(() => undefined);
    await call('repair', []);
    expect(await server.asManagement("select string_agg(rolname, ',') from pg_roles where rolsuper")).toBe('coffer');
    await everything();
  });
});
