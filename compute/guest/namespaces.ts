import { readFile } from 'node:fs/promises';
import type { Settings } from '../../kernel/settings.ts';
import { onlyUser } from '../launch/identity.ts';
import { namespaceProblem } from '../launch/probe.ts';
import { sharedIdentity } from './users.ts';

/** Throws, with what to do, where this machine forbids the user namespaces that these settings ask for. */
export async function requireNamespaces(settings: Settings, uid: number): Promise<void> {
  const isSeparate = uid === 0 && settings.isolation !== 'shared';
  const identity = isSeparate ? onlyUser(settings.uidBase) : sharedIdentity(settings, uid);
  if (identity.kind !== 'namespace' && identity.kind !== 'self-mapped') return;
  const problem = await namespaceProblem(identity);
  if (problem === null) return;
  const limit = (await readFile('/proc/sys/user/max_user_namespaces', 'utf8').catch(() => '')).trim() === '0' ? ' (user.max_user_namespaces is 0)' : '';
  const remedy = isSeparate ? 'set COFFER_ISOLATION=shared: all engines then run as one user' : `give the user ${uid} an entry in /etc/passwd`;
  throw new Error(`this machine forbids user namespaces${limit}: ${problem}. Allow them, or ${remedy}`);
}
