/** Passwords that Coffer generated: told once, in the result or in a file. */
import type { Command } from 'commander';
import { type Credentials, type PasswordFile, reservePasswordFile } from '../prompt/password-file.ts';
import { printable } from '../output/text.ts';
import { userText } from '../output/user-text.ts';
import type { Session } from '../session/session.ts';

export interface PasswordFileOptions { passwordFile?: string }
export const addPasswordFileOption = (command: Command, what = 'generated passwords'): Command =>
  command.option('--password-file <file>', `write ${what} to this new file (0600) and not to standard output`);

/**
 * Asks for something that may answer with passwords, with a place made ready for them. What is handed back may be
 * shown: where the passwords went into the file, they are no longer in it.
 */
export async function keepingPasswords<Answer>(path: string | undefined, ask: () => Promise<Answer>, credentialsOf: (answer: Answer) => readonly Credentials[]): Promise<{ answer: Answer; credentials: Credentials[]; isInFile: boolean }> {
  const file: PasswordFile | null = path === undefined ? null : await reservePasswordFile(path);
  let answer: Answer;
  try {
    answer = await ask();
  } catch (error) {
    await file?.discard();
    throw error;
  }
  const credentials = [...credentialsOf(answer)];
  const hasAny = credentials.some(({ password }) => typeof password === 'string');
  if (!file) return { answer, credentials, isInFile: false };
  if (!hasAny) await file.discard();
  else await file.keep(credentials);
  return { answer, credentials: credentials.map((one) => ({ ...one, password: null })), isInFile: hasAny };
}

export function tellCredentials(session: Session, credentials: readonly Credentials[], path: string | undefined, isInFile: boolean): void {
  const { terminal } = session;
  const told = credentials.filter(({ password }) => typeof password === 'string');
  if (told.length > 0) {
    terminal.table([
      { title: 'USER', value: (user: Credentials) => userText(user) },
      { title: 'PASSWORD', value: ({ password }) => String(password) },
    ], told);
    terminal.note(`${told.length === 1 ? 'The password is' : 'Passwords are'} told this once.`);
  }
  if (isInFile) terminal.note(`Passwords are in ${printable(path ?? '')}.`);
}
