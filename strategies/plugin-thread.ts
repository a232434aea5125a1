/**
 * The thread that a third party's plugin is loaded in and its control half runs in: started by `apart.ts`, told what to
 * load, and ended by it when an answer does not come.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { optionalMethods } from './control-answers.ts';
import { loadSource, type LoadedPlugin } from './registry.ts';
import type { FromThread, ToThread } from './apart.ts';

const { origin } = workerData as { origin: string };
const port = parentPort;
if (!port) throw new Error('plugin-thread is started as a thread, by apart.ts');
/** Whoever started us keeps the time: a thread in an endless loop cannot. */
const never = 2 ** 31 - 1;
/** In characters of JSON: many times the longest catalogue of an engine. What comes out is copied into the memory of who asks. */
const longestAnswer = 4 * 1024 ** 2;

/** What cannot be sent is the plugin's fault, and told instead. */
function tell(message: FromThread, instead: (why: string) => FromThread): void {
  try {
    port?.postMessage(message);
  } catch (error) {
    port?.postMessage(instead(`it is no plain data (${textOf(error)})`));
  }
}
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const loaded: LoadedPlugin = await loadSource({ name: null, origin, load: () => import(origin) as Promise<unknown> }, never);
if (loaded.state === 'READY') {
  const { manifest, control } = loaded.plugin;
  tell({ kind: 'loaded', name: loaded.name, manifest, rootName: String(control.rootName), methods: optionalMethods.filter((method) => control[method]) }, (why) => ({ kind: 'disabled', name: loaded.name, problem: `The manifest cannot be used: ${why}` }));
  port.on('message', ({ id, method, input }: ToThread) => {
    const failed = (error: string): FromThread => ({ kind: 'failed', id, error });
    // A method that throws before it has a promise is a plugin's too.
    void new Promise((resolve) => { resolve((control[method] as (input: unknown) => Promise<unknown>)(input)); })
      .then((result) => {
        const isTooLong = (JSON.stringify(result) ?? '').length > longestAnswer;
        tell(isTooLong ? failed(`the answer is longer than ${longestAnswer} characters`) : { kind: 'answered', id, result }, (why) => failed(`the answer cannot be used: ${why}`));
      })
      .catch((error: unknown) => tell(failed(textOf(error)), failed));
  });
} else {
  tell({ kind: 'disabled', name: loaded.name, problem: loaded.problem }, (problem) => ({ kind: 'disabled', name: origin, problem }));
}
