/** Stock clients that read SQL from their input, each statement answered on their output. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { HeldClient } from '../../strategies/conformance/index.ts';
import { endedBy } from './ended.ts';

const answerTimeoutMs = 15_000;

export interface ClientResult { exitCode: number; stdout: string; stderr: string }

export const runScript = (child: ChildProcessWithoutNullStreams, script: string): Promise<ClientResult> => new Promise((resolve, reject) => {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  child.once('error', reject).once('close', (code) => resolve({ exitCode: code ?? 128, stdout: stdout.trim(), stderr: code === null ? `${stderr}\nno answer` : stderr.trim() }));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${script}\n`);
});

/** Standard output, or an error with the server's words. */
export function outputOf({ exitCode, stdout, stderr }: ClientResult): string {
  if (exitCode !== 0) throw new Error(stderr || `the client ended with code ${exitCode}`);
  return stdout;
}

/** A session that is kept, and has been asked once. */
export async function hold(child: ChildProcessWithoutNullStreams): Promise<HeldClient> {
  const lines = createInterface({ input: child.stdout });
  let complaint = '';
  let questions = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
  child.stdin.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ask = async (): Promise<void> => {
    const mark = `answer ${++questions}`;
    const answered = new Promise<'answer'>((resolve) => {
      const onLine = (line: string): void => { if (line === mark) { lines.off('line', onLine); resolve('answer'); } };
      lines.on('line', onLine);
    });
    child.stdin.write(`select '${mark}';\n`);
    const result = await Promise.race([answered, gone.then(() => 'gone'), after(answerTimeoutMs)]);
    if (result !== 'answer') throw new Error(`the client did not answer (${result}): ${complaint.trim()}`);
  };
  await ask();
  return {
    ask,
    ended: endedBy(ask),
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}

const after = (timeoutMs: number): Promise<'silence'> => new Promise((resolve) => { setTimeout(() => resolve('silence'), timeoutMs).unref(); });
