/** What is PostgreSQL's own about configuration groups; the kit looks at what every engine owes. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import { useConfigurationServer } from '../../support/configuration-server.ts';
import { harnessOptions } from './fixture.ts';
import { createPsql } from './psql.ts';
import { tracks } from './server.ts';

/** Beside the folder's others. */
const portOf = (track: string): number => 21_460 + Number(track);

describe.each(tracks)('configuration of %s', (track) => {
  let harness: GuestHarness;
  const { configureWith, read, refusal, restart } = useConfigurationServer({ ...harnessOptions(track), ports: { postgresql: portOf(track) } }, (made) => { harness = made; });
  const serverFile = (): Promise<string> => readFile(join(harness.facts.paths.config, 'postgresql.conf'), 'utf8');
  const asManagement = (sql: string): Promise<string> =>
    createPsql(harness.facts).ask({ user: 'coffer', password: harness.facts.managementSecret, database: 'postgres' }, sql, { PGHOST: harness.facts.paths.run, PGSSLMODE: 'disable' });


  it.each([
    // of what management's own sessions have otherwise
    ['statement_timeout', '1'], ['idle_session_timeout', '1'], ['log_min_duration_statement', '250'], ['default_transaction_read_only', 'true'], ['search_path', '"$user", shop'], ['client_encoding', 'latin1'],
    // what the server spells in its own way
    ['DateStyle', 'iso, dmy'], ['TimeZone', 'europe/berlin'], ['seq_page_cost', '1.23456789'], ['application_name', 'two\nlines'], ['log_line_prefix', "it's \\%m "],
    ['default_transaction_isolation', 'repeatable read'], ['wal_compression', 'off'], ['plpgsql.extra_warnings', 'shadowed_variables'],
  ])('%s is taken as %j and told so', async (name, value) => {
    expect(await configureWith({ [name]: value })).toEqual({ changed: true, restartRequired: [] });
    expect(await read(name)).toEqual({ name, value, pending: null });
    expect(await harness.call('probe', [])).toMatchObject({ state: 'ok' });
  });
  it.each([
    ['DateStyle', 'iso, sometimes', /Unrecognized key word: "sometimes"/], ['work_mem', '1', /outside the valid range/], ['max_stack_depth', '90000000', /must not exceed/],
    ['nobody_knows', '1', /unrecognized configuration parameter/], ['pg_stat_statements.max', '200', /without pg_stat_statements in shared_preload_libraries/],
    ['shared_preload_libraries', 'auto_explain, evil', /"evil" cannot be loaded/], ['application_name', 'a\0b', /character 0/],
    ['default_text_search_config', 'nowhere', /text search configuration "nowhere" does not exist|invalid value/], ['plpgsql.extra_warnings', 'everything', /everything|cannot be applied/],
    // taken, and made another value of
    ...(track === '15' ? [['autovacuum_work_mem', '512', /it has 1024 in its place/] as const] : []),
    ['fsync', 'false', /it has true in its place/],
  ] as const)('%s is refused as %j, with the reason', async (name, value, reason) => {
    const fault = await refusal({ work_mem: '5000', [name]: value });
    expect(fault).toMatchObject({ code: 'REFUSED' });
    expect(fault.message).toMatch(new RegExp(`^${name.replace('.', '\\.')}: `));
    expect(fault.message).toMatch(reason);
    expect(fault.message).not.toContain(harness.facts.paths.config);
    expect((await configureWith({})).restartRequired).toEqual([]);
    expect((await readdir(harness.facts.paths.config)).filter((file) => file.endsWith('.new'))).toEqual([]);
  });
  it.each<Record<string, string>>([{ log_line_prefix: '%m [%p] x%q ' }, { log_error_verbosity: 'verbose' }, { log_min_messages: 'debug5' }])('a refusal has the reason alone, however the group has the log: %j', async (log) => {
    expect((await refusal({ ...log, TimeZone: 'Nowhere/Land' })).message).toBe('TimeZone: the server does not take it: invalid value for parameter "TimeZone": "Nowhere/Land"');
    // What fixes the log for the trial does not hide that a value of the log's is wrong.
    for (const [name, value] of [['log_min_messages', 'loud'], ['log_error_verbosity', 'much']] as const) expect((await refusal({ ...log, [name]: value })).message).toMatch(new RegExp(`^${name}: .*invalid value for parameter "${name}": "${value}"; Available values: `));
  });
  it('management reads values where no query may use the disk', async () => {
    const group = { temp_file_limit: '0', work_mem: '64' };
    expect(await configureWith(group)).toEqual({ changed: true, restartRequired: [] });
    for (const [name, value] of Object.entries(group)) expect(await read(name)).toEqual({ name, value, pending: null });
    await restart();
    expect(await harness.call('configuration.describe', [])).toContainEqual(expect.objectContaining({ name: 'work_mem' }));
    expect(await configureWith({})).toEqual({ changed: true, restartRequired: [] });
  });
  it('values that keep management out are taken back', async (test) => {
    if (track === '15') return test.skip();
    await expect(configureWith({ transaction_timeout: '1' })).rejects.toThrow();
    expect(await configureWith({})).toEqual({ changed: true, restartRequired: [] });
    expect(await read('transaction_timeout')).toEqual({ name: 'transaction_timeout', value: '0', pending: null });
  });
  it('a value that would be refused is found on a stopped server too, and its file stays', async () => {
    await harness.call('stop', ['orderly']);
    const before = await serverFile();
    await expect(configureWith({ TimeZone: 'Nowhere/Land' })).rejects.toMatchObject({ code: 'REFUSED', message: 'TimeZone: the server does not take it: invalid value for parameter "TimeZone": "Nowhere/Land"' });
    expect(await serverFile()).toBe(before);
  });
  it('what the server works out or spells by itself is told as it was asked for', async () => {
    const group: Record<string, string> = { wal_buffers: '-1', ...(track === '15' ? {} : { transaction_buffers: '0' }), ...(track === '18' ? { io_max_concurrency: '-1' } : {}) };
    const isInForce = async (): Promise<void> => { for (const [name, value] of Object.entries(group)) expect(await read(name)).toEqual({ name, value, pending: null }); };
    await configureWith(group);
    await isInForce();
    // It shows this one without what is beyond ASCII.
    group['cluster_name'] = 'größe';
    expect(await configureWith(group)).toEqual({ changed: true, restartRequired: ['cluster_name'] });
    await restart();
    expect(await configureWith(group)).toEqual({ changed: false, restartRequired: [] });
    await isInForce();
  });
  it('a word that the server shows by another is told as it was asked for', async () => {
    await configureWith({ wal_compression: 'off' });
    expect(await configureWith({ wal_compression: 'on' })).toEqual({ changed: true, restartRequired: [] });
    expect(await asManagement('show wal_compression')).toBe('pglz');
    expect(await read('wal_compression')).toEqual({ name: 'wal_compression', value: 'on', pending: null });
  });
  it('libraries are loaded by the next start, with their parameters', async () => {
    const group = { shared_preload_libraries: 'pg_stat_statements, auto_explain', 'pg_stat_statements.max': '200', 'auto_explain.log_min_duration': '5000' };
    expect(await configureWith(group)).toEqual({ changed: true, restartRequired: ['shared_preload_libraries'] });
    expect(await read('shared_preload_libraries')).toEqual({ name: 'shared_preload_libraries', value: '', pending: group.shared_preload_libraries });
    await restart();
    expect(await configureWith(group)).toEqual({ changed: false, restartRequired: [] });
    for (const [name, value] of Object.entries(group)) expect(await read(name)).toEqual({ name, value, pending: null });
    expect(await configureWith({ ...group, 'auto_explain.log_min_duration': '6000' })).toEqual({ changed: true, restartRequired: [] });
    expect((await read('auto_explain.log_min_duration'))?.value).toBe('6000');
    // Statements of management hold verifiers: they are kept by neither.
    const kept = await asManagement("create extension if not exists pg_stat_statements; select string_agg(query, ' ') from pg_stat_statements");
    await harness.call('users.create', [{ name: 'seen', password: 'Some-password-1', grants: [] }]);
    expect(await asManagement("select count(*) from pg_stat_statements where query ilike '%seen%'"), kept).toBe('0');
    expect(await configureWith({})).toEqual({ changed: true, restartRequired: ['pg_stat_statements.max', 'shared_preload_libraries'] });
    await restart();
    expect(await read('shared_preload_libraries')).toEqual({ name: 'shared_preload_libraries', value: '', pending: null });
  });
  it('a file changed by hand shows in what is read', async () => {
    await configureWith({ work_mem: '5000' });
    const file = join(harness.facts.paths.config, 'postgresql.conf');
    await writeFile(file, (await serverFile()).replace("work_mem = '5000'", "work_mem = '7000'"));
    await asManagement('select pg_reload_conf()');
    await expect.poll(() => read('work_mem')).toEqual({ name: 'work_mem', value: '7000', pending: null });
    expect(await configureWith({ work_mem: '5000' })).toEqual({ changed: true, restartRequired: [] });
    expect((await read('work_mem'))?.value).toBe('5000');
  });
});
