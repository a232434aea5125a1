import { readFileSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

/** A user that may run PostgreSQL, which refuses to run as root. */
export interface Identity {
  uid: number;
  gid: number;
}

/** Tried in order; every Debian has the second. Each needs a passwd entry, because initdb looks its own name up. */
const CANDIDATES = ['postgres', 'nobody'];

/** Picks the user for a child process out of the text of `/etc/passwd`; `null` means "stay who we are". */
export function decideIdentity(currentUid: number, passwd: string): Identity | null {
  const users = passwd.split('\n').map((line) => line.split(':'));
  if (currentUid !== 0) return null;
  for (const candidate of CANDIDATES) {
    const entry = users.find(([name]) => name === candidate);
    const uid = Number(entry?.[2]);
    const gid = Number(entry?.[3]);
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new Error(
    `PostgreSQL does not run as root and /etc/passwd has none of the users ${CANDIDATES.join(', ')}: ` +
      'add one, or run the tests as an ordinary user',
  );
}

export function unprivilegedIdentity(): Identity | null {
  return decideIdentity(process.getuid?.() ?? -1, readFileSync('/etc/passwd', 'utf8'));
}

/** Whether any user may reach `path`: a clone below a home of mode 0700 answers EACCES to everybody but its owner. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Where that user may have a folder: among the temporary ones, if it may reach them. */
export async function temporaryRoot(identity: Identity | null): Promise<string> {
  const preferred = await realpath(tmpdir());
  return !identity || (await isReachableByOthers(preferred)) ? preferred : '/tmp';
}
