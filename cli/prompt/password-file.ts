/** Generated passwords into a file instead of onto the screen. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { usageFailure } from '../failure.ts';

export interface Credentials { name: string; host: string | null; authDatabase?: string | null; password: unknown }
export interface PasswordFile { keep(credentials: readonly Credentials[]): Promise<void>; discard(): Promise<void> }

/** Made before anything is asked of the server: a password that is told once must have a place to go. */
export async function reservePasswordFile(path: string): Promise<PasswordFile> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw usageFailure(exists ? `${path} exists already` : `the password file cannot be made: ${(error as Error).message}`, exists ? 'Name a new file, or remove that one' : null);
  }
  return {
    async keep(credentials) {
      await file.writeFile(passwordLines(credentials));
      await file.sync();
      await file.close();
    },
    async discard() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

/** One user: the password alone. Several: name, tab, password. */
export function passwordLines(credentials: readonly Credentials[]): string {
  const told = credentials.filter(({ password }) => typeof password === 'string');
  return told.map(({ name, password }) => `${told.length === 1 ? '' : `${name}\t`}${String(password)}\n`).join('');
}
