import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Dialect } from '../../../strategies/datastores/sql-family/guest/dialect.ts';
import { lastWordsOf } from '../../../strategies/datastores/sql-family/guest/last-words.ts';
import { start } from '../../../strategies/datastores/sql-family/guest/run-state.ts';
import type { EngineExit, GuestContext } from '../../../strategies/spi/guest.ts';

it('what the program printed, once', () => {
  expect(lastWordsOf(['2026-11-29  8:47:39 0 [Note] one', 'this build is broken', 'this build is broken'])).toBe('this build is broken');
});
it('errors, without their times, though the server then ended in order', () => {
  const now = [
    '2026-11-29T08:49:27.7Z 0 [System] [MY-010116] [Server] /opt/mysqld (mysqld 9.7.4) starting as process 18198', '2026-11-29T08:49:28.1Z 1 [ERROR] [MY-012592] [InnoDB] Operating system error number 13 in a file operation.',
    '2026-11-29T08:49:28.2Z 0 [ERROR] [MY-010119] [Server] Aborting', '2026-11-29T08:49:28.3Z 0 [System] [MY-010910] [Server] /opt/mysqld: Shutdown complete (mysqld 9.7.4).', '2026-11-29T08:49:28.3Z 0 [System] [MY-015016] [Server] MySQL Server - end.',
  ];
  expect(lastWordsOf(now)).toBe('Operating system error number 13 in a file operation.');
});
it('whatever came last where nothing was wrong', () => {
  const lines = ['2026-11-29  8:47:38 0 [Note] one', '2026-11-29  8:47:39 0 [Note] two'];
  expect(lastWordsOf(lines)).toBe(lines.join(' | '));
});
it('nothing where nothing was said', () => expect(lastWordsOf([])).toBe(''));

it('a start that failed tells them, and how the server ended where there are none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-words-'));
  const dialect = { program: () => '/p/server', serverArguments: () => [], usualSettings: () => ({}) } as unknown as Dialect;
  /** A server that says this and is gone. */
  const ends = (said: string[], exit: Partial<EngineExit>): Promise<Error> => {
    const paths = Object.fromEntries(['data', 'config', 'run'].map((name) => [name, join(folder, name)]));
    const engine = { pid: () => null, killLeftovers: () => undefined, own: () => undefined, start: () => undefined, logTail: async () => said, exited: () => ({ code: null, signal: null, ...exit }) };
    return start({ paths, engine, tls: {}, parameters: {}, sizing: {}, signal: AbortSignal.timeout(10_000) } as unknown as GuestContext, dialect).then(() => expect.fail('it runs'), (error: Error) => error);
  };
  try {
    for (const name of ['data/mysql', 'config', 'run']) await mkdir(join(folder, name), { recursive: true });
    expect((await ends(['this build is broken'], { code: 1 })).message).toBe('the server ended while it started: this build is broken');
    expect((await ends([], { code: 7 })).message).toBe('the server ended while it started: it said nothing, and ended with code 7');
  } finally {
    await rm(folder, { recursive: true });
  }
});
