import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dialect } from '../../../strategies/datastores/sql-family/guest/dialect.ts';
import { endOf, lastWordsOf } from '../../../strategies/datastores/sql-family/guest/last-words.ts';
import { start } from '../../../strategies/datastores/sql-family/guest/run-state.ts';
import { linesSince, logEnd } from '../../../strategies/datastores/sql-family/guest/server-log.ts';
import type { EngineExit, GuestContext } from '../../../strategies/spi/guest.ts';

const former = [
  '2026-11-29  8:47:39 0 [Note] /opt/mariadbd: ready for connections.', "Version: '11.8.9-MariaDB'  socket: '/run/server.sock'  port: 27899", '2026-11-29  8:47:41 0 [ERROR] of an earlier run',
  '2026-11-29  8:47:41 0 [Note] /opt/mariadbd: Shutdown complete',
];

it('what the program printed, once, and nothing of the run before', () => {
  expect(lastWordsOf([...former, 'this build is broken', 'this build is broken'])).toBe('this build is broken');
});
it('errors of this start, without their times, though the server then ended in order', () => {
  const now = [
    '2026-11-29T08:49:27.7Z 0 [System] [MY-010116] [Server] /opt/mysqld (mysqld 9.7.4) starting as process 18198', '2026-11-29T08:49:28.1Z 1 [ERROR] [MY-012592] [InnoDB] Operating system error number 13 in a file operation.',
    '2026-11-29T08:49:28.2Z 0 [ERROR] [MY-010119] [Server] Aborting', '2026-11-29T08:49:28.3Z 0 [System] [MY-010910] [Server] /opt/mysqld: Shutdown complete (mysqld 9.7.4).', '2026-11-29T08:49:28.3Z 0 [System] [MY-015016] [Server] MySQL Server - end.',
  ];
  expect(lastWordsOf([...former, ...now])).toBe('Operating system error number 13 in a file operation.');
});
it('whatever came last where nothing was wrong', () => {
  const lines = ['2026-11-29  8:47:38 0 [Note] one', '2026-11-29  8:47:39 0 [Note] two'];
  expect(lastWordsOf(lines)).toBe(lines.join(' | '));
});
it('nothing where nothing was said since', () => expect([lastWordsOf([]), endOf({ code: 7, signal: null }), endOf({ code: null, signal: 'SIGKILL' }), endOf({ code: null, signal: null })]).toEqual(['', 'it said nothing, and ended with code 7', 'it said nothing, and was ended by SIGKILL', 'it said nothing']));

describe('of a log in a folder', () => {
  const dialect = { logFile: 'server.log', program: () => '/p/server', serverArguments: () => [], usualSettings: () => ({}), environment: {} } as unknown as Dialect;
  let folder: string;
  let ctx: GuestContext;
  /** A server that says this and is gone. */
  const ends = (words: string, exit: Partial<EngineExit>): Promise<Error> => {
    const paths = Object.fromEntries(['data', 'config', 'run', 'logs'].map((name) => [name, join(folder, name)]));
    const engine = { pid: () => null, killLeftovers: () => undefined, own: () => undefined, start: () => appendFile(join(folder, 'logs/server.log'), words), exited: () => ({ code: null, signal: null, ...exit }) };
    return start({ paths, engine, tls: {}, parameters: {}, sizing: {}, signal: AbortSignal.timeout(10_000) } as unknown as GuestContext, dialect).then(() => expect.fail('it runs'), (error: Error) => error);
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-words-'));
    for (const name of ['data/mysql', 'config', 'run', 'logs']) await mkdir(join(folder, name), { recursive: true });
    ctx = { paths: { logs: join(folder, 'logs') } } as GuestContext;
    await writeFile(join(folder, 'logs/server.log'), `${former.join('\n')}\n`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('the words of the start that failed, though another said the same before', async () => {
    expect((await ends('this build is broken\n', { code: 1 })).message).toBe('the server ended while it started: this build is broken');
    expect((await ends('this build is broken\n', { code: 1 })).message).toBe('the server ended while it started: this build is broken');
  });
  it('none of an earlier run, but how it ended', async () => expect((await ends('', { code: 7 })).message).toBe('the server ended while it started: it said nothing, and ended with code 7'));
  it('all of it where it was emptied since; nothing behind a link', async () => {
    const end = await logEnd(ctx, dialect);
    await writeFile(join(folder, 'logs/server.log'), 'anew\n\n');
    expect(await linesSince(ctx, dialect, end)).toEqual(['anew']);
    await rm(join(folder, 'logs/server.log'));
    await symlink('/etc/passwd', join(folder, 'logs/server.log'));
    expect(await linesSince(ctx, dialect, 0)).toEqual([]);
  });
});
