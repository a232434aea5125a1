import { once } from 'node:events';
import { onlyUser } from './identity.ts';
import { launch } from './launch.ts';

/** Null when user namespaces work here, else the reason in the system's words. */
export async function namespaceProblem(uid: number): Promise<string | null> {
  try {
    const { child } = await launch({ command: '/bin/true', args: [], env: {}, cwd: '/', identity: onlyUser(uid), output: 'pipe' });
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    return code === 0 ? null : `a program inside ended with ${String(code)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
