/**
 * Third parties' plugins where they can do no harm to the process that needs their manifest and control half: in a thread
 * of their own with a limit of memory, which is ended when it does not answer in time and started again when it is asked
 * the next time. It shields from mistakes, not from malice: a plugin is code you trust.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CofferError } from '../kernel/errors.ts';
import type { ControlMethod } from './control-answers.ts';
import { builtInOrigin, loadPlugins, loadSource, loadTimeoutMs, type LoadedPlugin } from './registry.ts';
import type { ControlHalf } from './spi/control.ts';
import type { Manifest } from './spi/manifest.ts';

/** For one answer of a control half, in a thread or not. */
export const controlTimeoutMs = 2_000;
const memoryLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** A question that lost its thread is asked once more, alone: the one that ended it then ends nobody else's. */
const mostTries = 2;

export interface ToThread { id: number; method: ControlMethod; input: unknown }
export type FromThread =
  | { kind: 'loaded'; name: string; manifest: Manifest; rootName: string }
  | { kind: 'disabled'; name: string; problem: string }
  | { kind: 'answered'; id: number; result: unknown }
  | { kind: 'failed'; id: number; error: string };

export interface ApartOptions {
  /** false: the thread ends once the manifest is known, for who needs no more than that */
  keep?: boolean;
  loadTimeoutMs?: number;
  callTimeoutMs?: number;
  /** the thread of a plugin that had loaded was ended; it begins anew when it is asked */
  onFault?(origin: string, why: string): void;
}

/** Every plugin with its verdict: built-in ones in this thread, each other one in its own. */
export const loadPluginsApart = (packages: readonly string[], options: ApartOptions = {}): Promise<LoadedPlugin[]> =>
  loadPlugins(packages, (source) => (source.origin === builtInOrigin ? loadSource(source) : loadApart(source.origin, options)));

export async function loadApart(origin: string, options: ApartOptions = {}): Promise<LoadedPlugin> {
  const thread = createPluginThread(origin, options);
  const verdict = await thread.load();
  if (verdict.kind === 'disabled') return { state: 'DISABLED', name: verdict.name, origin, problem: verdict.problem };
  const { name, manifest, rootName } = verdict;
  const control: ControlHalf = {
    rootName,
    validate: (proposal) => thread.ask('validate', proposal) as ReturnType<ControlHalf['validate']>,
    size: (input) => thread.ask('size', input) as ReturnType<ControlHalf['size']>,
    endpoints: (input) => thread.ask('endpoints', input) as ReturnType<ControlHalf['endpoints']>,
  };
  const elsewhere = async (): Promise<never> => { throw new Error(`This half of ${name} runs beside the engine and in client processes only`); };
  return { state: 'READY', name, origin, plugin: { manifest, control, guest: elsewhere, client: elsewhere } };
}

interface Question { request: ToThread; tries: number; resolve(answer: unknown): void; reject(error: Error): void }
type Verdict = Extract<FromThread, { kind: 'loaded' | 'disabled' }>;

function createPluginThread(origin: string, options: ApartOptions) {
  const { loadTimeoutMs: loadMs = loadTimeoutMs, callTimeoutMs: callMs = controlTimeoutMs } = options;
  const questions = new Map<number, Question>();
  /** lost their thread; the first of them is being asked again */
  const suspects: number[] = [];
  let lastId = 0;
  let isLoaded = false;
  let wasAsked = false;
  let worker: Worker | undefined;

  const failure = (why: string): CofferError => new CofferError('PLUGIN.FAILED', `The plugin ${origin} ${why}`);
  const give = (id: number, settle: (question: Question) => void): void => {
    const question = questions.get(id);
    questions.delete(id);
    if (question) settle(question);
    if (suspects[0] !== id) return;
    suspects.shift();
    askSuspect();
  };
  const askSuspect = (): void => {
    while (suspects.length > 0) {
      const question = questions.get(suspects[0]!);
      if (question) return send(question);
      suspects.shift();
    }
  };

  /** Whatever was under way in it is asked again, one after the other: which of them ended it is not known. */
  const ended = (which: Worker, why: string): void => {
    if (worker !== which) return;
    worker = undefined;
    void which.terminate();
    if (isLoaded) options.onFault?.(origin, why);
    const lost = [...questions].filter(([id]) => !suspects.includes(id) || id === suspects[0]);
    const isAsking = suspects.length > 0;
    for (const [id, { tries }] of lost) if (tries < mostTries) suspects.push(id);
    for (const [id, { tries }] of lost) if (tries >= mostTries) give(id, ({ reject }) => reject(failure(why)));
    if (!isAsking) askSuspect();
    // At once, so that the next question does not wait for it; one that ends before it was asked waits to be asked.
    if (isLoaded && options.keep !== false && wasAsked) worker ??= open();
    wasAsked = false;
  };
  const open = (onVerdict: (verdict: Verdict) => void = () => {}): Worker => {
    // What it prints stays in it, unread: our output is a log for machines, and reading would keep a process alive.
    const fresh = new Worker(threadProgram(), { workerData: { origin }, env: {}, execArgv: [], stdout: true, stderr: true, resourceLimits: memoryLimits });
    const onEnd = (why: string): void => {
      onVerdict({ kind: 'disabled', name: origin, problem: `It could not be loaded: it ${why}` });
      ended(fresh, why);
    };
    fresh.on('message', (message: FromThread) => {
      if (message.kind === 'answered') give(message.id, ({ resolve }) => resolve(message.result));
      else if (message.kind === 'failed') give(message.id, ({ reject }) => reject(failure(`failed: ${message.error}`)));
      else onVerdict(message);
    });
    fresh.on('error', (error) => onEnd(`failed: ${error instanceof Error ? error.message : String(error)}`));
    fresh.on('exit', () => onEnd('ended its thread'));
    fresh.unref();
    return fresh;
  };
  const send = (question: Question): void => {
    question.tries += 1;
    wasAsked = true;
    worker ??= open();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    worker.postMessage(question.request);
  };
  const end = (why: string): void => { if (worker) ended(worker, why); };

  return {
    async load(): Promise<Verdict> {
      const verdict = Promise.withResolvers<Verdict>();
      worker = open(verdict.resolve);
      // The only thing that is waited for while a process starts.
      worker.ref();
      const timer = setTimeout(() => verdict.resolve({ kind: 'disabled', name: origin, problem: `It could not be loaded: it did not load within ${loadMs / 1_000} s` }), loadMs);
      const found = await verdict.promise;
      clearTimeout(timer);
      worker?.unref();
      if (found.kind === 'disabled' || options.keep === false) end('is not needed');
      isLoaded = true;
      return found;
    },
    async ask(method: ControlMethod, input: unknown): Promise<unknown> {
      const id = ++lastId;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          timer = setTimeout(() => {
            give(id, () => reject(failure(`did not answer ${method} within ${callMs} ms`)));
            end(`did not answer ${method} within ${callMs} ms`);
          }, callMs);
          const question = { request: { id, method, input }, tries: 0, resolve, reject };
          questions.set(id, question);
          send(question);
        });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Beside the bundle in a runtime, in the checkout during development. */
function threadProgram(): string {
  const here = import.meta.dirname;
  const candidates = [join(here, 'plugin-thread.mjs'), join(here, '../plugin-thread.mjs'), join(here, 'plugin-thread.ts')];
  return candidates.find((path) => existsSync(path)) ?? candidates[2]!;
}
