import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueProblems } from '../../../strategies/conformance/catalogue.ts';
import { catalogueOf as catalogueOfMariadb } from '../../../strategies/datastores/mariadb/catalogue/index.ts';
import { overlay as overlayOfMariadb } from '../../../strategies/datastores/mariadb/catalogue/overlay.ts';
import { control as mariadb } from '../../../strategies/datastores/mariadb/control.ts';
import { serverArguments as argumentsOfMariadb, usualSettings as usualOfMariadb } from '../../../strategies/datastores/mariadb/guest/server.ts';
import { catalogueOf as catalogueOfMysql } from '../../../strategies/datastores/mysql/catalogue/index.ts';
import { overlay as overlayOfMysql } from '../../../strategies/datastores/mysql/catalogue/overlay.ts';
import { control as mysql } from '../../../strategies/datastores/mysql/control.ts';
import { serverArguments as argumentsOfMysql, usualSettings as usualOfMysql } from '../../../strategies/datastores/mysql/guest/server.ts';
import { decideChanges } from '../../../strategies/datastores/sql-family/guest/configure.ts';
import { tellParameter } from '../../../strategies/datastores/sql-family/guest/parameters.ts';
import { parseHelp } from '../../../strategies/datastores/sql-family/guest/server-help.ts';
import { specOf, type ToldVariable } from '../../../strategies/datastores/sql-family/guest/specs.ts';
import { complaintsOf, decideUntaken, earlyWordsOf, namedIn } from '../../../strategies/datastores/sql-family/guest/try-config.ts';
import { refusalOfSome } from '../../../strategies/spi/refused-values.ts';
import { lineProblem, optionOf, parseServerFile, renderServerFile } from '../../../strategies/datastores/sql-family/option-file.ts';
import { fromEngine, isSameValue, statementValue, toEngine } from '../../../strategies/datastores/sql-family/values.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';
import { nastyText } from '../../support/nasty-texts.ts';

const spec = (name: string, more: Partial<ParameterSpec> = {}): ParameterSpec =>
  ({ name, type: 'INTEGER', unit: null, default: '1', min: null, max: null, allowed: null, apply: 'LIVE', description: 'Does it.', ...more });
const paths = { data: '/d', config: '/c', run: '/r', logs: '/l', tls: '/t', prefix: '/p', bin: '/p/bin' };
const context = (track: string) => ({ instanceId: 'inst_1', track, version: track, paths, tls: { certificate: '/t/c', key: '/t/k', ca: '/t/a' }, network: { bind: '127.0.0.1', advertise: 'db', ports: {} }, sizing: {} });

const engines = [
  { engine: 'mysql', track: '9.7', control: mysql, catalogueOf: catalogueOfMysql, serverArguments: argumentsOfMysql, usual: usualOfMysql() },
  { engine: 'mariadb', track: '10.11', control: mariadb, catalogueOf: catalogueOfMariadb, serverArguments: argumentsOfMariadb, usual: usualOfMariadb() },
  { engine: 'mariadb', track: '11.8', control: mariadb, catalogueOf: catalogueOfMariadb, serverArguments: argumentsOfMariadb, usual: usualOfMariadb() },
];

describe.each(engines)('the catalogue of $engine $track', ({ track, control, catalogueOf, serverArguments, usual }) => {
  it('fits the contract, and leaves to groups what sizing and usual settings have', async () => {
    const catalogue = await catalogueOf(track);
    expect(catalogueProblems(catalogue)).toEqual([]);
    const owned = new Map(catalogue.map(({ name, owned: because }) => [name, because]));
    const sizing = await control.size({ track, flavor: { vcpus: 1, memoryMb: 1024 }, volumeGb: 1 });
    for (const name of Object.keys({ ...sizing, ...usual })) expect([name, owned.has(name), owned.get(name)]).toEqual([name, true, undefined]);
  });
  it('leaves to nobody what is on the command line', async () => {
    const settable = new Set((await catalogueOf(track)).filter((one) => one.owned === undefined).map(({ name }) => name));
    const given = serverArguments(context(track)).map((text) => text.replace(/^--([^=]+)=.*$/, '$1').replaceAll('-', '_'));
    expect(given.filter((name) => settable.has(name))).toEqual([]);
  });
  it('offers no word from which a running server does not come back', async () => {
    expect((await catalogueOf(track)).find(({ name }) => name === 'event_scheduler')).toMatchObject({ apply: 'LIVE', allowed: ['OFF', 'ON'] });
  });
  it('offers nothing that the server has taken out of use', async () => {
    expect((await catalogueOf(track)).filter(({ description, owned }) => /^Unused\b/.test(description) && owned === undefined)).toEqual([]);
  });
  it('no value of max_user_connections keeps all users out', async () => {
    expect((await catalogueOf(track)).find(({ name }) => name === 'max_user_connections')).toMatchObject({ min: 0 });
  });
  it('names no place of the machine it was made on', async () => {
    expect((await catalogueOf(track)).filter((one) => one.default?.startsWith('/'))).toEqual([]);
  });
});

it('the overlays have no addition for a parameter that no track has', async () => {
  const [ofMysql, ofMariadb] = [await catalogueOfMysql('9.7'), [...(await catalogueOfMariadb('10.11')), ...(await catalogueOfMariadb('11.8'))]];
  const names = new Set([...ofMysql, ...ofMariadb].map(({ name }) => name));
  for (const { parameters, owned = [] } of [overlayOfMysql, overlayOfMariadb]) {
    expect(Object.keys(parameters).filter((name) => !names.has(name))).toEqual([]);
    for (const family of owned) expect([...names].some((name) => family.names.test(name)), String(family.names)).toBe(true);
  }
});

describe('what a server tells', () => {
  const told = (more: Partial<ToldVariable>): ToldVariable => ({ name: 'x', type: 'INTEGER', min: '0', max: '9', allowed: null, default: '1', isReadOnly: false, description: 'Does  it', ...more });
  it.each<[Partial<ToldVariable>, object]>([
    [{}, { type: 'INTEGER', min: 0, max: 9, default: '1', apply: 'LIVE', description: 'Does it.' }],
    [{ max: '18446744073709551615', isReadOnly: true }, { max: null, apply: 'RESTART' }],
    [{ type: 'BOOLEAN', default: 'ON' }, { default: 'true', min: null, max: null }],
    [{ type: 'NUMBER', default: '10.000000' }, { default: '10' }],
    [{ type: 'STRING', default: '/usr/share/charsets' }, { default: null }],
    [{ type: 'ENUM', allowed: ['OFF', 'ON'], default: 'on' }, { allowed: ['OFF', 'ON'], default: 'ON' }],
    [{ description: '' }, { description: expect.stringContaining('no more of it') as string }],
  ])('%j', (given, expected) => expect(specOf(told(given))).toMatchObject(expected));

  it('in its account of its options is read from the table at its end', () => {
    const text = `  --sort-buffer-size=#  Each session\nVariables (--variable-name=value)\nand boolean options {FALSE|TRUE}          Value (after reading options)\n${'-'.repeat(60)} ${'-'.repeat(13)}\n`
      + `${'default-time-zone'.padEnd(60)} (No default value)\n${'init-connect'.padEnd(60)}  it's "q" \n${'a-very-long-name-'.repeat(4)}x 7\n\nTo see what values\n`;
    expect([...parseHelp(text)]).toEqual([['default_time_zone', ''], ['init_connect', ' it\'s "q" '], [`${'a_very_long_name_'.repeat(4)}x`, '7']]);
  });
});

/** https://dev.mysql.com/doc/refman/en/option-files.html#option-file-syntax */
function readAsDocumented(text: string): Map<string, string> {
  const escapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r', s: ' ', '\\': '\\', '"': '"', "'": "'" };
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (/^\s*([#;[]|$)/.test(line)) continue;
    const [, name = '', rest = ''] = /^\s*([\w-]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    // a comment begins anywhere outside quotes
    const [value = ''] = /^(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^#"'])*/s.exec(rest) ?? [];
    const words = value.trimEnd();
    const body = /^(["']).*\1$/s.test(words) && words.length > 1 ? words.slice(1, -1) : words;
    found.set(name, body.replace(/\\(.)/gs, (all, one: string) => escapes[one] ?? all));
  }
  return found;
}

describe('the file', () => {
  it('has one order, and is read back as it was, whatever the text', () => {
    expect(renderServerFile({ time_zone: '+02:00', b: '1', a: 'ON' })).toMatch(/\n\[server\]\na = ON\nb = 1\ndefault_time_zone = \+02:00\n$/);
    fc.assert(fc.property(nastyText, nastyText, (text, other) => {
      const rendered = renderServerFile({ init_connect: text, init_file: other });
      for (const read of [parseServerFile, readAsDocumented]) expect([...read(rendered)]).toEqual([['init_connect', text], ['init_file', other]]);
      expect(rendered.split('\n')).toHaveLength(5);
    }), { numRuns: 500 });
  });
  it('takes no line that the server would read in two', () => {
    expect(lineProblem('init_connect', 'x'.repeat(4000))).toMatch(/longer than 4000 bytes/);
    expect([lineProblem('init_connect', 'x'.repeat(3900)), lineProblem('init_connect', 'a\0b')]).toEqual([null, 'must not contain the character 0']);
  });
  it('has some variables by another word', () => expect([optionOf('time_zone'), optionOf('tx_isolation'), optionOf('x')]).toEqual(['default_time_zone', 'transaction_isolation', 'x']));
});

describe('a value', () => {
  const text = (name: string): ParameterSpec => spec(name, { type: 'STRING' });
  it('is in the server\'s words in the file and in statements', () => {
    const flag = spec('x', { type: 'BOOLEAN' });
    expect([toEngine(flag, 'true'), toEngine(flag, 'false'), statementValue(flag, 'ON'), statementValue(spec('x'), '5'), statementValue(text('x'), "it's"), statementValue(text('optimizer_switch'), 'mrr=off')]).toEqual(['ON', 'OFF', "'ON'", '5', "'it''s'", "'default,mrr=off'"]);
  });
  it('comes back canonical', () => expect([fromEngine(spec('x', { type: 'BOOLEAN' }), '1'), fromEngine(spec('x', { type: 'NUMBER' }), '10.000000'), fromEngine(spec('x', { max: 3 }), '7')]).toEqual(['true', '10', '7']));
  it.each<[ParameterSpec, string, string, boolean]>([
    [spec('x'), '5', '5', true], [spec('x'), '5', '6', false], [spec('x', { type: 'BOOLEAN' }), 'ON', '1', true],
    [spec('x', { type: 'NUMBER' }), '1.234568', '1.23456789', true], [spec('x', { type: 'NUMBER' }), '0.000000', '0.000001', false],
    [spec('x', { type: 'NUMBER' }), '0.000000', '0.0000001', false], [spec('x', { type: 'NUMBER' }), '0.000000', '0', true], [text('character_set_collations'), 'a=a_ci,b=b_ci', 'b=b_ci,a=a_ci', true],
    [text('sql_mode'), 'ANSI_QUOTES,STRICT_ALL_TABLES', 'strict_all_tables,ansi_quotes', true], [text('sql_mode'), 'ANSI_QUOTES,STRICT_ALL_TABLES', 'ansi_quotes', false],
    [text('sql_mode'), 'STRICT_TRANS_TABLES,TRADITIONAL', 'TRADITIONAL', true], [text('sql_mode'), '', '', true],
    [text('optimizer_switch'), 'mrr=off,semijoin=on', 'mrr=off', true], [text('optimizer_switch'), 'mrr=on,semijoin=on', 'mrr=off', false],
    [text('time_zone'), '+02:00', '+2:00', true], [text('time_zone'), 'SYSTEM', 'system', true], [text('time_zone'), '+00:00', '-0:00', true], [text('time_zone'), '+02:00', '-2:00', false], [text('time_zone'), '+12:00', '+2:00', false],
    [text('lc_time_names'), 'de_DE', 'DE_de', true], [text('init_connect'), 'A', 'a', false],
  ])('%j: %j is %j: %s', (one, running, wanted, expected) => expect(isSameValue(one, running, wanted)).toBe(expected));
});

describe('a parameter is told', () => {
  const file = (now: Record<string, string>, started: Record<string, string> = {}) => ({ now: new Map(Object.entries(now)), started: new Map(Object.entries(started)) });
  const fixed = spec('x', { apply: 'RESTART' });
  it.each<[string, ParameterSpec, string, ReturnType<typeof file>, Record<string, string>, { value: string; pending: string | null }, isSet?: boolean]>([
    ['without a line', fixed, '1', file({}), {}, { value: '1', pending: null }],
    ['in force', fixed, '5', file({ x: '5' }, { x: '5' }), { x: '5' }, { value: '5', pending: null }],
    ['waiting', fixed, '1', file({ x: '5' }), { x: '5' }, { value: '1', pending: '5' }],
    ['waiting to be the server\'s own', fixed, '5', file({}, { x: '5' }), {}, { value: '5', pending: '1' }],
    ['as what the server made of it at its start', fixed, '4', file({ x: '5' }, { x: '5' }), { x: '5' }, { value: '4', pending: null }],
    ['changed by hand', spec('x'), '7', file({ x: '5' }), { x: '5' }, { value: '7', pending: null }],
    ['of a size that waits', spec('x'), '1', file({ x: '5' }), {}, { value: '1', pending: '5' }],
    ['not given back', spec('x'), '5', file({}, { x: '5' }), {}, { value: '5', pending: '1' }],
    ['given back', spec('x'), '1', file({}, { x: '5' }), {}, { value: '1', pending: null }],
    ['changed by hand, given back before', spec('x'), '7', file({}, { x: '5' }), {}, { value: '7', pending: null }, true],
    ['given back as nobody knows what', spec('x', { default: null }), '5', file({}, { x: '5' }), {}, { value: '5', pending: null }],
    ['that Coffer owns', spec('x', { apply: 'RESTART', owned: 'Ours.' }), '9', file({ x: '5' }), {}, { value: '9', pending: null }],
    ['as it was given', spec('sql_mode', { type: 'STRING' }), 'A,B', file({ sql_mode: 'b,a' }), { sql_mode: 'b,a' }, { value: 'b,a', pending: null }],
  ])('%s', (_title, one, words, settings, parameters, expected, isSet = false) => expect(tellParameter(one, { words, isSet }, settings, parameters)).toEqual({ name: one.name, ...expected }));
});

describe('what is set live', () => {
  const specs = new Map([spec('a'), spec('b'), spec('c', { apply: 'RESTART' }), spec('d', { owned: 'Ours.' }), spec('e', { default: null })].map((one) => [one.name, one]));
  const running = (words: string, isSet = false) => ({ words, isSet });
  const file = (now: Record<string, string>, started: Record<string, string> = {}) => ({ now: new Map(Object.entries(now)), started: new Map(Object.entries(started)) });
  it('is what the file has, and what a statement set and the file has not', () => {
    const variables = new Map([['a', running('1')], ['b', running('3', true)], ['c', running('1')], ['d', running('3', true)], ['e', running('3', true)]]);
    expect(decideChanges(specs, file({ a: '5', c: '5', d: '5' }), variables)).toEqual([{ name: 'b', value: 'default' }, { name: 'e', value: 'default' }, { name: 'a', value: '5' }]);
  });
  it('is what the server was started with and the file has no more', () => {
    expect(decideChanges(specs, file({}, { a: '5', b: '1', c: '5' }), new Map([['a', running('5')], ['b', running('1')], ['c', running('5')]]))).toEqual([{ name: 'a', value: 'default' }]);
  });
  it('is the character set again, where its own collation is to be had again', () => {
    const texts = new Map([['character_set_server', 'utf8'], ['collation_server', 'utf8_ai']].map(([name = '', own]) => [name, spec(name, { type: 'STRING', default: own })]));
    const has = (set: string, collation: string) => new Map([['character_set_server', running(set)], ['collation_server', running(collation, true)]]);
    const again = (set: string) => [{ name: 'character_set_server', value: `'${set}'` }];
    expect(decideChanges(texts, file({ character_set_server: 'latin2' }), has('latin1', 'latin1_bin'))).toEqual(again('latin2'));
    expect(decideChanges(texts, file({ character_set_server: 'latin2' }), has('latin2', 'latin2_bin'))).toEqual(again('latin2'));
    expect(decideChanges(texts, file({ character_set_server: 'utf8' }), has('utf8', 'utf8_bin'))).toEqual([{ name: 'collation_server', value: "'utf8_ai'" }]);
    expect(decideChanges(texts, file({ character_set_server: 'latin2', collation_server: 'latin2_bin' }), has('latin1', 'latin1_bin'))).toEqual([...again('latin2'), { name: 'collation_server', value: "'latin2_bin'" }]);
  });
  it('is the own collation by its name, once the character set goes back to its own', () => {
    const texts = new Map([['character_set_server', 'utf8'], ['collation_server', 'utf8_ai']].map(([name = '', own]) => [name, spec(name, { type: 'STRING', default: own })]));
    const has = (set: string, collation: string) => new Map([['character_set_server', running(set, true)], ['collation_server', running(collation)]]);
    const own = { name: 'collation_server', value: "'utf8_ai'" };
    expect(decideChanges(texts, file({}), has('latin1', 'latin1_ci'))).toEqual([{ name: 'character_set_server', value: 'default' }, own]);
    expect(decideChanges(texts, file({ character_set_server: 'utf8' }), has('latin1', 'latin1_ci'))).toEqual([{ name: 'character_set_server', value: "'utf8'" }, own]);
    expect(decideChanges(texts, file({}), has('utf8', 'utf8_ci'))).toEqual([own]);
    expect(decideChanges(texts, file({ character_set_server: 'latin1' }), has('latin1', 'latin1_ci'))).toEqual([]);
  });
  it('is what the server begins with, where its default is a word for nothing', () => {
    const lists = new Map([['character_set_collations', spec('character_set_collations', { type: 'STRING', default: 'a=a_ci' })]]);
    const has = (words: string) => new Map([['character_set_collations', running(words, true)]]);
    expect(decideChanges(lists, file({}), has('a=a_bin'))).toEqual([{ name: 'character_set_collations', value: 'default' }]);
    expect(decideChanges(lists, file({}), has(''), true)).toEqual([{ name: 'character_set_collations', value: "'a=a_ci'" }]);
  });
  it('is its own by name, where its default is what it was started with', () => {
    const own = new Map([spec('e', { type: 'STRING', default: 'InnoDB' }), spec('f', { type: 'STRING', default: '' }), spec('g', { type: 'BOOLEAN', default: 'true' })].map((one) => [one.name, one]));
    const changes = decideChanges(own, file({}, { e: 'MyISAM', f: 'MyISAM', g: 'OFF' }), new Map([['e', running('MyISAM')], ['f', running('MyISAM')], ['g', running('OFF')]]), true);
    expect(changes).toEqual([{ name: 'e', value: "'InnoDB'" }, { name: 'f', value: 'null' }, { name: 'g', value: "'ON'" }]);
  });
  it('is what the server changed by itself, once the other that made it do so is its own again', () => {
    const [other, delay] = ['innodb_thread_concurrency', 'innodb_thread_sleep_delay'] as const;
    const both = new Map([spec(other, { default: '0' }), spec(delay, { default: '10000' })].map((one) => [one.name, one]));
    const has = (words: string, isSet = true) => new Map([[other, running(words, isSet)], [delay, running('7')]]);
    const back = { name: delay, value: 'default' };
    expect(decideChanges(both, file({}), has('4'))).toEqual([{ name: other, value: 'default' }, back]);
    expect(decideChanges(both, file({}, { [other]: '4' }), has('0', false))).toEqual([back]);
    expect(decideChanges(both, file({ [other]: '0' }), has('0'))).toEqual([back]);
    expect(decideChanges(both, file({ [other]: '4' }), has('4'))).toEqual([]);
    expect(decideChanges(both, file({}), has('0', false))).toEqual([]);
  });
  it('is nothing where all is as it should be', () => {
    expect(decideChanges(specs, file({ a: '5' }), new Map([['a', running('5', true)], ['b', running('1', true)], ['c', running('4')]]))).toEqual([]);
  });
});

describe('a refusal', () => {
  it('is in the server\'s words, without times and paths', () => {
    const stderr = "2026-11-29T03:57:43.9Z 0 [ERROR] [MY-000077] [Server] /p/sbin/mysqld: Error while setting value 'x7' to 'max_connections'.\n2026-11-29  3:57:43 0 [ERROR] Buffered error: Unknown suffix 'x'\n2026-11-29T03:57:43.9Z 0 [ERROR] [MY-010119] [Server] Aborting\n2026 0 [Warning] [MY-1] [Server] no matter\n";
    expect(complaintsOf(stderr)).toEqual(["Error while setting value 'x7' to 'max_connections'.", "Unknown suffix 'x'"]);
    expect(complaintsOf("2026-11-28T20:00:00Z 0 [ERROR] Unknown locale: 'de\u2028DE'\n")).toEqual(["Unknown locale: 'de\u2028DE'"]);
  });
  it('names the parameter by its name, or else by its value', () => {
    const parameters = { sort_buffer_size: '5', innodb_flush_method: 'bogus', collation_server: 'latin1_bin' };
    expect(["value 'bogus' to 'innodb-flush-method'", "COLLATION 'latin1_bin' is not valid", 'out of memory'].map((words) => namedIn(words, parameters))).toEqual(['innodb_flush_method', 'collation_server', null]);
  });
  it('has what the server says before it keeps a log, without its places', () => {
    expect(earlyWordsOf("2026-11-30 15:48:25 0 [Warning] no matter\n\u0007/p/sbin/server: Character set 'x' is not specified in the '/p/share/charsets/Index.xml' file\n")).toEqual(["Character set 'x' is not specified in the 'Index.xml' file"]);
  });
  it('of none in particular begins with the server\'s words, and names few', () => {
    expect(refusalOfSome(['a'], 'no').message).toBe('a: the server does not take it: no');
    expect(refusalOfSome(['a', 'b'], 'no').message).toBe('the server does not take one of the values: no (of a, b)');
    expect(refusalOfSome(['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'no').message).toBe('the server does not take one of the values: no (of a, b, c, d, e and 2 more)');
  });
  it('is of the first value that became another', () => {
    const specs = new Map([spec('a'), spec('b')].map((one) => [one.name, one]));
    expect(decideUntaken(specs, { a: '1', b: '2' }, (name) => ({ a: '1', b: '4' })[name])).toEqual({ name: 'b', words: 'it has 4 in its place' });
    expect(decideUntaken(specs, { c: '1' }, () => '1')).toEqual({ name: 'c', words: 'it has no such parameter' });
  });
});

describe.each(engines)('combinations on $engine $track', ({ engine, track, control }) => {
  const flavor = { vcpus: 1, memoryMb: 512 };
  const issuesOf = async (parameters: Record<string, string>, volumeGb = 1): Promise<[string, string][]> => {
    const sizing = await control.size({ track, flavor, volumeGb });
    return ((await control.checkParameters?.({ track, flavor, volumeGb, sizing, parameters })) ?? []).map(({ path, message }) => [path.join('.'), message]);
  };
  it.each<[Record<string, string>, string, RegExp]>([
    [{ innodb_buffer_pool_size: '536870912' }, 'innodb_buffer_pool_size', /must fit into the flavor's 512 MB/],
    [{ max_connections: '2000' }, 'max_connections', /each of 2000 connections 1 MB/],
    [{ sort_buffer_size: '536870912' }, 'sort_buffer_size', /must leave room in the flavor's 512 MB/],
    [{ innodb_io_capacity_max: '100' }, 'innodb_io_capacity_max', /^must not be below innodb_io_capacity: \d+ is more than 100/], [{ innodb_io_capacity: '50000' }, 'innodb_io_capacity', /^must not be above innodb_io_capacity_max: /],
    [{ long_query_time: '0.0000001' }, 'long_query_time', /^must be 0, or at least 0\.000001: /],
    [{ innodb_max_dirty_pages_pct_lwm: '95' }, 'innodb_max_dirty_pages_pct_lwm', /95 is more than 90/],
    [{ max_binlog_size: '1073741824' }, 'max_binlog_size', /below the volume's 1 GB/],
    [{ collation_server: 'latin1_bin' }, 'collation_server', /./],
    [{ time_zone: 'Europe/Berlin' }, 'time_zone', /SYSTEM or an offset/], [{ time_zone: '+2' }, 'time_zone', /SYSTEM or an offset/],
    [{ time_zone: '+14:01' }, 'time_zone', /offset from -1\d:59 to \+1\d:00/], [{ time_zone: '-14:00' }, 'time_zone', /offset from/],
  ])('%j is told at %s', async (parameters, name, reason) => expect(await issuesOf(parameters)).toEqual([[name, expect.stringMatching(reason)]]));
  it('a line that the server would read in two is told', async () => expect(await issuesOf({ init_connect: 'x'.repeat(4090) })).toEqual([['init_connect', expect.stringContaining('longer than')]]));
  it('the most that is written a second is the usual one where the group sets the other alone', async () => {
    const usual = engine === 'mysql' ? 20_000 : 2_000;
    expect(await issuesOf({ innodb_io_capacity: String(usual) })).toEqual([]);
    expect(await issuesOf({ innodb_io_capacity: String(usual + 1) })).toEqual([['innodb_io_capacity', expect.stringContaining(`${usual + 1} is more than ${usual}`)]]);
  });
  it('that work are none', async () => {
    for (const parameters of [{}, { sort_buffer_size: '1048576', innodb_io_capacity: '300', innodb_io_capacity_max: '400', time_zone: '-03:30' }, { character_set_server: 'latin1', collation_server: 'latin1_bin' }]) expect(await issuesOf(parameters as Record<string, string>)).toEqual([]);
  });
  it('the smallest fraction, and none, are', async () => {
    for (const long_query_time of ['0', '0.000001', '0.0000015']) expect(await issuesOf({ long_query_time })).toEqual([]);
  });
  it('zones are as far from UTC as the server goes', async () => {
    const [least, most] = engine === 'mysql' ? ['-13:59', '+14:00'] : ['-12:59', '+13:00'];
    for (const zone of [least, most, '+2:00', '-0:00', 'system']) expect([zone, await issuesOf({ time_zone: zone })]).toEqual([zone, []]);
    expect(await issuesOf({ time_zone: '-13:30' })).toEqual(engine === 'mysql' ? [] : [['time_zone', expect.stringContaining('from -12:59 to +13:00')]]);
  });
  it.runIf(engine === 'mysql')('the pool is made of whole chunks, in as many parts as it is large enough for', async () => {
    expect(await issuesOf({ innodb_buffer_pool_size: '67108865' })).toEqual([['innodb_buffer_pool_size', expect.stringContaining('must be a multiple')]]);
    expect(await issuesOf({ innodb_buffer_pool_instances: '4' })).toEqual([['innodb_buffer_pool_instances', expect.stringContaining('must be 1')]]);
    expect(await issuesOf({ innodb_buffer_pool_chunk_size: '7340032' })).toEqual([['innodb_buffer_pool_chunk_size', expect.stringMatching(/^must suit innodb_buffer_pool_size/)]]);
    expect(await issuesOf({ max_user_connections: '3' })).toEqual([['max_user_connections', expect.stringContaining('at least 10')]]);
  });
  it.runIf(engine === 'mysql')('what the server changes by itself is told', async () => {
    expect(await issuesOf({ innodb_thread_concurrency: '4', innodb_thread_sleep_delay: '20000' })).toEqual([['innodb_thread_sleep_delay', expect.stringMatching(/innodb_adaptive_max_sleep_delay be 0/)]]);
    for (const more of [{ innodb_thread_concurrency: '4', innodb_adaptive_max_sleep_delay: '0' }, { innodb_thread_concurrency: '0' }]) expect(await issuesOf({ ...more, innodb_thread_sleep_delay: '20000' } as Record<string, string>)).toEqual([]);
  });
});
