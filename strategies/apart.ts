/**
 * Third parties' plugins where they can do no harm to the process that needs their manifest and control half: in a thread
 * of their own with a limit of memory, which is ended when it does not answer in time and started again when it is asked
 * the next time. It shields from mistakes, not from malice: a plugin is code you trust.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CofferError } from '../kernel/errors.ts';
import type { ControlMethod, optionalMethods } from './control-answers.ts';
import { builtInOrigin, loadPlugins, loadSource, loadTimeoutMs, type LoadedPlugin } from './registry.ts';
import type { ControlHalf } from './spi/control.ts';
import type { Manifest } from './spi/manifest.ts';

/** For one answer of a control half, from when it was asked. */
export const controlTimeoutMs = 2_000;
/** A question that lost its thread is asked once more, alone: the one that ended it then ends nobody else's. */
const mostTries = 2;
/** Before it is asked a question may have to wait: for a thread that begins anew, for those that may have ended the last one. */
const mostWaitMs = (loadMs: number, callMs: number): number => loadMs + callMs;
/** Whatever a thread does, who asks has an answer or an error by then. */
export const longestControlMs = mostWaitMs(loadTimeoutMs, controlTimeoutMs) + controlTimeoutMs;
const memoryLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** Buffers are outside of what those limits count. Of what is dropped up to 50 MiB were seen before they were collected. */
const mostBufferMb = 128;
const lookAtBuffersMs = 250;

export interface ToThread { id: number; method: ControlMethod; input: unknown }
export type FromThread =
  | { kind: 'loaded'; name: string; manifest: Manifest; rootName: string; /** of the optional ones those that it has */ methods: readonly (typeof optionalMethods)[number][] }
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
  const { name, manifest, rootName, methods } = verdict;
  const control: ControlHalf = {
    rootName,
    validate: (proposal) => thread.ask('validate', proposal) as ReturnType<ControlHalf['validate']>,
    size: (input) => thread.ask('size', input) as ReturnType<ControlHalf['size']>,
    endpoints: (input) => thread.ask('endpoints', input) as ReturnType<ControlHalf['endpoints']>,
    ...Object.fromEntries(methods.map((method) => [method, (input: unknown) => thread.ask(method, input)])),
  };
  const elsewhere = async (): Promise<never> => { throw new Error(`This half of ${name} runs beside the engine and in client processes only`); };
  return { state: 'READY', name, origin, plugin: { manifest, control, guest: elsewhere, client: elsewhere } };
}

interface Question {
  request: ToThread;
  tries: number;
  /** It was in a thread that ended, and may be why. */
  isSuspect: boolean;
  /** by `performance.now()`; later it is not asked any more */
  waitsUntilMs: number;
  timer: NodeJS.Timeout | undefined;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}
interface Thread { worker: Worker; isLoaded: boolean; wasAsked: boolean }
type Verdict = Extract<FromThread, { kind: 'loaded' | 'disabled' }>;

function createPluginThread(origin: string, options: ApartOptions) {
  const { loadTimeoutMs: loadMs = loadTimeoutMs, callTimeoutMs: callMs = controlTimeoutMs } = options;
  const waitMs = mostWaitMs(loadMs, callMs);
  /** in the thread, whose time runs */
  const asked = new Map<number, Question>();
  /** not in it: suspects first */
  const waiting: Question[] = [];
  let lastId = 0;
  let hasLoaded = false;
  let thread: Thread | undefined;

  const failure = (why: string): CofferError => new CofferError('PLUGIN.FAILED', `The plugin ${origin} ${why}`);
  const settle = (question: Question | undefined, how: (question: Question) => void): void => {
    if (!question) return;
    clearTimeout(question.timer);
    asked.delete(question.request.id);
    if (waiting.includes(question)) waiting.splice(waiting.indexOf(question), 1);
    how(question);
  };
  const fail = (question: Question, why: string): void => settle(question, ({ reject }) => reject(failure(why)));
  const limit = (question: Question, ms: number, onLate: () => void): void => {
    clearTimeout(question.timer);
    question.timer = setTimeout(onLate, ms);
  };
  const limitWait = (question: Question): void =>
    limit(question, Math.max(0, question.waitsUntilMs - performance.now()), () => fail(question, `had no turn for ${question.request.method} within ${waitMs / 1_000} s`));

  const ask = (of: Thread, question: Question): void => {
    question.tries += 1;
    of.wasAsked = true;
    asked.set(question.request.id, question);
    limit(question, callMs, () => {
      const why = `did not answer ${question.request.method} within ${callMs} ms`;
      fail(question, why);
      end(of, why);
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    of.worker.postMessage(question.request);
  };
  /** Only to a thread that has loaded, so that loading takes nobody's time; a suspect goes when it has the thread for itself. */
  const askWaiting = (): void => {
    if (waiting.length > 0) thread ??= open();
    while (thread?.isLoaded && waiting[0]) {
      if ([...asked.values()].some(({ isSuspect }) => isSuspect) || (waiting[0].isSuspect && asked.size > 0)) return;
      ask(thread, waiting.shift()!);
    }
  };

  const end = (which: Thread, why: string): void => {
    if (thread !== which) return;
    thread = undefined;
    void which.worker.terminate();
    if (hasLoaded) options.onFault?.(origin, why);
    const lost = [...asked.values()];
    asked.clear();
    for (const question of lost) if (question.tries >= mostTries) fail(question, why);
    const suspects = lost.filter(({ tries }) => tries < mostTries);
    for (const question of suspects) {
      question.isSuspect = true;
      limitWait(question);
    }
    waiting.unshift(...suspects);
    if (!which.isLoaded) for (const question of [...waiting]) fail(question, why);
    // At once, so that the next question does not wait for it; one that ends before it was asked waits to be asked.
    if (options.keep !== false && which.wasAsked) thread = open();
  };
  const open = (onVerdict: (verdict: Verdict) => void = () => {}): Thread => {
    // What it prints stays in it, unread: our output is a log for machines, and reading would keep a process alive.
    const worker = new Worker(threadProgram(), { workerData: { origin }, env: {}, execArgv: [], stdout: true, stderr: true, resourceLimits: memoryLimits });
    const fresh: Thread = { worker, isLoaded: false, wasAsked: false };
    const onEnd = (why: string): void => {
      onVerdict({ kind: 'disabled', name: origin, problem: `It could not be loaded: it ${why}` });
      end(fresh, why);
    };
    const loading = setTimeout(() => onEnd(`did not load within ${loadMs / 1_000} s`), loadMs).unref();
    const looking = setInterval(() => {
      // Answered also by a thread in an endless loop. One that has just ended answers nothing.
      worker.getHeapStatistics().then(({ external_memory: bytes }) => { if (bytes > mostBufferMb * 1024 ** 2) onEnd(`keeps more than ${mostBufferMb} MiB in buffers`); }, () => {});
    }, lookAtBuffersMs).unref();
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'answered': settle(asked.get(message.id), ({ resolve }) => resolve(message.result)); break;
        case 'failed': settle(asked.get(message.id), ({ reject }) => reject(failure(`failed: ${message.error}`))); break;
        case 'loaded':
          clearTimeout(loading);
          fresh.isLoaded = true;
          onVerdict(message);
          break;
        case 'disabled':
          onVerdict(message);
          end(fresh, `does not load any more: ${message.problem}`);
      }
      askWaiting();
    });
    worker.on('error', (error) => onEnd(`failed: ${error instanceof Error ? error.message : String(error)}`));
    worker.on('exit', () => {
      clearTimeout(loading);
      clearInterval(looking);
      onEnd('ended its thread');
    });
    worker.unref();
    return fresh;
  };

  return {
    async load(): Promise<Verdict> {
      const verdict = Promise.withResolvers<Verdict>();
      const first = open(verdict.resolve);
      thread = first;
      // The only thing that is waited for while a process starts.
      first.worker.ref();
      const found = await verdict.promise;
      first.worker.unref();
      if (options.keep === false) end(first, 'is not needed');
      hasLoaded = found.kind === 'loaded';
      return found;
    },
    ask(method: ControlMethod, input: unknown): Promise<unknown> {
      return new Promise((resolve, reject) => {
        // As it is now: it may have to wait.
        const request = { id: ++lastId, method, input: structuredClone(input) };
        const question: Question = { request, tries: 0, isSuspect: false, waitsUntilMs: performance.now() + waitMs, timer: undefined, resolve, reject };
        limitWait(question);
        waiting.push(question);
        askWaiting();
      });
    },
  };
}

/** Beside the bundle in a runtime, in the checkout during development. */
function threadProgram(): string {
  const here = import.meta.dirname;
  const candidates = [join(here, 'plugin-thread.mjs'), join(here, '../plugin-thread.mjs'), join(here, 'plugin-thread.ts')];
  return candidates.find((path) => existsSync(path)) ?? candidates[2]!;
}
