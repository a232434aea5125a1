import type { VersionCommand } from '../spi/engine-source.ts';
import { runCommand } from './run-command.ts';
import { EngineSourceError } from './source-error.ts';
import { parseVersion } from './version.ts';

export const probeTimeoutMs = 20_000;

/** What to start; `through` is a loader with its arguments where the program cannot be started by itself. */
export interface Probe { program: string; command: VersionCommand; through?: readonly [string, ...string[]] }

/** The version a program tells about itself. */
export async function probeVersion({ program, command, through }: Probe, signal: AbortSignal): Promise<string> {
  const [file, ...first] = through ? [...through, program] as const : [program] as const;
  const result = await runCommand({ command: file, args: [...first, ...command.args], signal, timeoutMs: probeTimeoutMs });
  const output = `${result.stdout}\n${result.stderr}`;
  const version = parseVersion(output, command.pattern);
  if (version !== undefined) return version;
  const words = output.trim().split('\n')[0];
  throw new EngineSourceError('incomplete', `${program} tells no version (${words === '' ? `code ${result.code}` : words})`);
}
