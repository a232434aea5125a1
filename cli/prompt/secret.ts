/** Secrets come from a person without echo, or from standard input: never from an argument, which others can read. */
import { readSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { exitCodes, Failure, usageFailure } from '../failure.ts';
import { charactersOf } from '../output/text.ts';
import type { Session } from '../session/session.ts';

const control = { interrupt: '\u0003', end: '\u0004', erase: '\u007f', backspace: '\b', eraseLine: '\u0015', enter: '\r', newline: '\n' };

/** What keys make of what was typed so far; pasted text arrives as many at once. */
export function typeKeys(typed: string, keys: string): { typed: string; end: 'enter' | 'interrupt' | null } {
  let now = typed;
  for (const key of keys) {
    if (key === control.interrupt) return { typed: '', end: 'interrupt' };
    if (key === control.enter || key === control.newline || key === control.end) return { typed: now, end: 'enter' };
    if (key === control.erase || key === control.backspace) now = charactersOf(now).slice(0, -1).join('');
    else if (key === control.eraseLine) now = '';
    else now += key;
  }
  return { typed: now, end: null };
}

export function askSecret(session: Session, question: string): Promise<string> {
  const { stdin } = process;
  // echo is off before the question invites an answer
  stdin.setRawMode(true);
  session.terminal.draw(question);
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (): void => {
      stdin.off('data', onKeys);
      stdin.setRawMode(false);
      stdin.pause();
      session.terminal.draw('\n');
    };
    const onKeys = (keys: string): void => {
      const next = typeKeys(typed, keys);
      typed = next.typed;
      if (next.end === null) return;
      finish();
      if (next.end === 'interrupt') reject(new Failure('nothing was changed', { code: 'CLIENT.INTERRUPTED', exitCode: exitCodes.interrupted }));
      else resolve(typed);
    };
    stdin.setEncoding('utf8');
    stdin.on('data', onKeys);
    stdin.resume();
  });
}

/** All of standard input: a token or one password a line. */
export const readInput = (): Promise<string> => text(process.stdin);

/** As many passwords as there are names: a line each, or asked for one by one. */
export async function readPasswords(session: Session, names: readonly string[]): Promise<string[]> {
  if (process.stdin.isTTY) {
    const passwords: string[] = [];
    for (const name of names) passwords.push(await askTwice(session, name));
    return passwords;
  }
  const lines = (await readInput()).replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines.length === names.length && lines.every((line) => line !== '')) return lines;
  throw usageFailure(`standard input has ${lines.filter((line) => line !== '').length} passwords for ${names.length} users`, 'Give one line for each user, in the same order');
}

async function askTwice(session: Session, name: string): Promise<string> {
  const first = await askSecret(session, `Password for ${name}: `);
  const second = await askSecret(session, 'The same again: ');
  if (first !== second) throw usageFailure('the two are not the same; nothing was changed');
  if (first === '') throw usageFailure('an empty password is none', 'Leave --password-stdin out to have one generated');
  return first;
}

const longestLine = 4_096;

/** The first line of standard input and not a byte more: what follows it is for the program that inherits the rest. */
export function readFirstLine(): string {
  const bytes: number[] = [];
  const byte = Buffer.alloc(1);
  while (bytes.length < longestLine && readOne(byte) && byte[0] !== 10) bytes.push(byte[0]!);
  const line = Buffer.from(bytes).toString('utf8').replace(/\r$/, '');
  if (line === '') throw usageFailure('standard input has no password in its first line');
  return line;
}

function readOne(byte: Buffer): boolean {
  for (;;) {
    try {
      return readSync(0, byte, 0, 1, null) === 1;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return false;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // a writer that is not ready yet
    }
  }
}
