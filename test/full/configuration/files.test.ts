/** Whatever text a file is given, the engine's own program reads the same out of it. Nothing is served; each reads its file and ends. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineBuild } from '../../../kit/harness/engine-builds.ts';
import mariadb from '../../../strategies/datastores/mariadb/index.ts';
import { renderConfig } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import mongodb from '../../../strategies/datastores/mongodb/index.ts';
import mysql from '../../../strategies/datastores/mysql/index.ts';
import { renderServerConfig } from '../../../strategies/datastores/postgresql/guest/files.ts';
import postgresql from '../../../strategies/datastores/postgresql/index.ts';
import { quote } from '../../../strategies/datastores/redis/guest/config-file.ts';
import redis from '../../../strategies/datastores/redis/index.ts';
import { lineProblem, renderServerFile } from '../../../strategies/datastores/sql-family/option-file.ts';
import type { DatastorePlugin } from '../../../strategies/spi/datastore.ts';
import { nastyText } from '../../support/nasty-texts.ts';

const run = promisify(execFile);
let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-files-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes the file, and answers what the program says that it has. */
type Read = (bin: string, file: string, text: string) => Promise<string>;
const without = (text: string, end: string): string => {
  expect(text.endsWith(end), JSON.stringify(text)).toBe(true);
  return text.slice(0, -end.length);
};

const readPostgres: Read = async (bin, _file, text) => {
  await writeFile(join(folder, 'postgresql.conf'), renderServerConfig({}, { 'coffer.text': text }));
  const { stdout } = await run(join(bin, 'postgres'), ['-C', 'coffer.text', '-D', folder]);
  return without(stdout, '\n');
};

const readServer = (program: string): Read => async (bin, file, text) => {
  await writeFile(file, renderServerFile({ init_connect: text }));
  const { stdout } = await run(join(bin, program), [`--defaults-file=${file}`, '--print-defaults']);
  return without(stdout.slice(stdout.indexOf('--init_connect=') + '--init_connect='.length), ' \n');
};

const yamlEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\x07', e: '\x1b', 0: '\0', N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029' };
const readMongo: Read = async (bin, file, text) => {
  await writeFile(file, renderConfig({ 'setParameter.planCacheSize': text }));
  const { stdout } = await run(join(bin, 'mongod'), ['--config', file, '--outputConfig']);
  const [, told] = /\n  planCacheSize: ([^\n]*)\n/.exec(stdout) ?? [];
  if (told?.startsWith('"') !== true) return told ?? `nothing: ${stdout}`;
  return told.slice(1, -1).replace(/\\(?:x(..)|u(....)|U(.{8})|(.))/gs, (_all, two?: string, four?: string, eight?: string, one?: string) =>
    (one === undefined ? String.fromCodePoint(Number.parseInt(two ?? four ?? eight ?? '', 16)) : yamlEscapes[one] ?? one));
};

const readRedis: Read = async (bin, file, text) => {
  const socket = join(folder, 'redis.sock');
  await writeFile(file, `port 0\nsave ""\nunixsocket ${quote(socket)}\ndir ${quote(folder)}\nignore-warnings ${quote(text)}\n`);
  const server = spawn(join(bin, 'redis-server'), [file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(server, 'exit');
  try {
    let said = '';
    for await (const piece of server.stdout) {
      said += String(piece);
      if (/ready to accept connections/i.test(said)) break;
    }
    const { stdout } = await run(join(bin, 'redis-cli'), ['-s', socket, 'config', 'get', 'ignore-warnings']);
    expect(stdout.startsWith('ignore-warnings\n'), said + stdout).toBe(true);
    return without(stdout.slice('ignore-warnings\n'.length), '\n');
  } finally {
    server.kill('SIGKILL');
    await ended;
  }
};

it.each<[string, string, DatastorePlugin, Read]>([
  ...['15', '17', '18'].map((track): [string, string, DatastorePlugin, Read] => ['postgresql', track, postgresql, readPostgres]),
  ['mysql', '9.7', mysql, readServer('../sbin/mysqld')], ['mariadb', '10.11', mariadb, readServer('../sbin/mariadbd')], ['mariadb', '11.8', mariadb, readServer('../sbin/mariadbd')],
  ['mongodb', '6.0', mongodb, readMongo], ['redis', '7', redis, readRedis], ['redis', '8', redis, readRedis],
])('%s %s reads every text as it was given', async (_name, track, plugin, read) => {
  const { binDir } = await engineBuild(plugin, track);
  await fc.assert(fc.asyncProperty(nastyText, async (text) => { expect(await read(binDir, join(folder, 'file'), text)).toBe(text); }), { numRuns: 150 });
}, 60_000);

it.each([['9.7', mysql, 'mysqld'], ['10.11', mariadb, 'mariadbd'], ['11.8', mariadb, 'mariadbd']] as const)('a line that is just short enough is whole to the server %s', async (track, plugin, program) => {
  const read = readServer(`../sbin/${program}`);
  const { binDir } = await engineBuild(plugin, track);
  const longest = '\t'.repeat(1991);
  expect([lineProblem('init_connect', longest), lineProblem('init_connect', `${longest}\t`)]).toEqual([null, expect.stringContaining('longer')]);
  expect(await read(binDir, join(folder, 'file'), longest)).toBe(longest);
  if (plugin === mariadb) expect(await read(binDir, join(folder, 'file'), '\t'.repeat(2100))).not.toBe('\t'.repeat(2100));
});
