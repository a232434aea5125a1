import type { VersionCommand } from '../spi/engine-source.ts';
import { runCommand } from './run-command.ts';
import { EngineSourceError } from './source-error.ts';
import { parseVersion } from './version.ts';

export const probeTimeoutMs = 20_000;

/** What to start, and the prefix its arguments may name. */
export interface Probe { program: string; command: VersionCommand; prefix: string }

/** The version a program tells about itself. */
export async function probeVersion({ program, command, prefix }: Probe, signal: AbortSignal): Promise<string> {
  const args = command.args.map((arg) => arg.replaceAll('{prefix}', prefix));
  const result = await runCommand({ command: program, args, signal, timeoutMs: probeTimeoutMs });
  const output = `${result.stdout}\n${result.stderr}`;
  const version = parseVersion(output, command.pattern);
  if (version !== undefined) return version;
  const words = output.trim().split('\n')[0];
  throw new EngineSourceError('incomplete', `${program} tells no version (${words === '' ? `code ${result.code}` : words})`);
}
