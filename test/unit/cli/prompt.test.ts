import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordLines, reservePasswordFile } from '../../../cli/prompt/password-file.ts';
import { typeKeys } from '../../../cli/prompt/secret.ts';
import { requireToken } from '../../../cli/session/session.ts';
import { backoffMs } from '../../../cli/api/follow.ts';

describe('typing a secret', () => {
  it('takes letters until enter', () => { expect(typeKeys('ab', 'c\rd')).toEqual({ typed: 'abc', end: 'enter' }); });
  it('erases whole characters, and the line', () => {
    expect(typeKeys('a😀', '\u007f')).toEqual({ typed: 'a', end: null });
    expect(typeKeys('abc', '\u0015x')).toEqual({ typed: 'x', end: null });
  });
  it('gives up on Ctrl-C and keeps nothing', () => { expect(typeKeys('abc', '\u0003')).toEqual({ typed: '', end: 'interrupt' }); });
});

describe('the password file', () => {
  let folder: string;
  beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-cli-')); });
  afterAll(() => rm(folder, { recursive: true }));
  it('is its owner’s alone and holds the password of the one user', async () => {
    const path = join(folder, 'one');
    const file = await reservePasswordFile(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await file.keep([{ name: 'app', host: null, password: 'secret' }]);
    expect(await readFile(path, 'utf8')).toBe('secret\n');
  });
  it('never replaces a file', async () => {
    await expect(reservePasswordFile(join(folder, 'one'))).rejects.toThrow(/exists already/);
    expect(await readFile(join(folder, 'one'), 'utf8')).toBe('secret\n');
  });
  it('leaves nothing when nothing came of it', async () => {
    const file = await reservePasswordFile(join(folder, 'none'));
    await file.discard();
    await expect(stat(join(folder, 'none'))).rejects.toThrow();
  });
  it('names the users when there are several', () => {
    expect(passwordLines([{ name: 'a', host: null, password: 'x' }, { name: 'b', host: null, password: 'y' }, { name: 'c', host: null, password: null }])).toBe('a\tx\nb\ty\n');
  });
});

describe('tokens', () => {
  it('lose the newline of their file and nothing else', () => { expect(requireToken('abc\n', 'f')).toBe('abc'); });
  it.each(['', '\n', 'two words', 'bell\u0007'])('%j is none', (text) => { expect(() => requireToken(text, 'f')).toThrow(/f hold|what f holds/); });
});

describe('coming back after a loss', () => {
  it('waits longer each time, up to a limit, never in step', () => {
    expect([0, 1, 2].map((attempt) => backoffMs(attempt, 1))).toEqual([200, 400, 800]);
    expect(backoffMs(50, 1)).toBe(5_000);
    expect(backoffMs(0, 0)).toBe(100);
  });
});
