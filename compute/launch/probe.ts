import { once } from 'node:events';
import type { Identity } from './identity.ts';
import { launch } from './launch.ts';

/** Null when a program can be run as that here, else the reason in the system's words. */
export async function namespaceProblem(identity: Identity): Promise<string | null> {
  try {
    const { child } = await launch({ command: '/bin/true', args: [], env: {}, cwd: '/', identity, output: 'pipe' });
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    return code === 0 ? null : `a program inside ended with ${String(code)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
