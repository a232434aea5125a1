/** Short-lived programs of the engine (initdb, dumps): as the engine's user, in a group of their own, killed at the deadline. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type AgentBoot, engineMarker } from '../../kernel/guest-record.ts';
import type { ToolResult, ToolSpec } from '../../strategies/spi/guest.ts';
import { engineIdentity } from './run-as.ts';

/** Of standard output and of standard error each; what comes after is dropped. */
const outputLimitBytes = 4 << 20;
const pipeGraceMs = 1_000;

/** Nothing of the agent's own environment reaches the engine but what every program needs. */
export const engineEnvironment = (instanceId: string, extra: Record<string, string> = {}): Record<string, string> => ({
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C.UTF-8', TZ: 'UTC', HOME: '/', ...extra, COFFER_INSTANCE: instanceId, [engineMarker]: instanceId,
});

export function runTool(boot: AgentBoot, tool: ToolSpec, signal?: AbortSignal): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(tool, 'was not started: the command was aborted'));
    const child = spawn(tool.command, [...tool.args], {
      ...engineIdentity(boot), detached: true, cwd: tool.cwd ?? boot.paths.run,
      env: engineEnvironment(boot.instanceId, tool.env), stdio: ['pipe', 'pipe', 'pipe'],
    });
    let ended: Error | undefined;
    const end = (reason: string) => () => {
      ended ??= abortError(tool, reason);
      killGroup(child);
      // A grandchild that left the group may hold the pipes for ever.
      setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), pipeGraceMs).unref();
    };
    const onAbort = end('was aborted');
    const timer = setTimeout(end(`did not end within ${tool.timeoutMs} ms`), tool.timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.once('error', (error) => settle(() => reject(new Error(`${tool.command} could not be started: ${error.message}`))));
    child.once('close', (code) => settle(() => (ended ? reject(ended) : resolve({ exitCode: code ?? 128, stdout: stdout(), stderr: stderr() }))));
    // A program that ends without reading its input is judged by its exit code.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(tool.stdin ?? '');
  });
}

const abortError = (tool: ToolSpec, reason: string): Error => Object.assign(new Error(`${tool.command} ${reason}`), { code: 'ABORTED_TOOL' });

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (sizeBytes < outputLimitBytes) chunks.push(chunk.subarray(0, outputLimitBytes - sizeBytes));
    sizeBytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
