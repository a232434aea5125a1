/**
 * A world small enough to look at: subjects with an epoch and a task, an "agent" that keeps a journal and refuses older
 * fences, and workflows whose effects can be counted. Everything is in tables of the test's own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createSealer } from '../../../gateway/store/seal.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import type { Tx } from '../../../gateway/store/tx.ts';
import type { OperationHooks } from '../../../gateway/operations/hooks.ts';
import { createOperations } from '../../../gateway/operations/operations.ts';
import { defineWorkflow, FinalStepError, type AnyWorkflow, type EnqueueRequest, type Operations, type OperationView, type StepContext } from '../../../gateway/operations/workflow.ts';
import { createWorker, type Worker } from '../../../gateway/operations/worker.ts';
import type { Fence } from '../../../kernel/fence.ts';
import { compareFence } from '../../../kernel/fence.ts';
import { silentLog, type Log } from '../../../kernel/log.ts';

export const toyTables = `
  create table toy_subject (id text primary key, epoch bigint not null default 0, task json, changes int not null default 0);
  create table toy_seen (subject text primary key, operation text, generation int, epoch bigint, attempt int);
  create table toy_journal (operation text, step text, direction text, primary key (operation, step, direction));
  create table toy_effect (id bigserial primary key, subject text, operation text, step text, delta int, attempt int);
  create table toy_row (subject text, operation text, step text, attempt int);
  create table toy_end (operation text, state text, code text);
  create table toy_call (id bigserial primary key, operation text, step text, attempt int, at timestamptz default clock_timestamp(), secret_seen boolean);`;

export const toySealer = createSealer(Buffer.alloc(32, 7));

export const toyHooks: OperationHooks = {
  async onTaskChanged(tx, subjectId, view) {
    await tx.query('update toy_subject set task = $2::json, changes = changes + 1 where id = $1', [subjectId, view ? JSON.stringify(view) : null]);
  },
  async raiseEpoch(tx, subjectId) {
    const [row] = await tx.query<{ epoch: string }>('update toy_subject set epoch = epoch + 1 where id = $1 returning epoch', [subjectId]);
    return BigInt(row?.epoch ?? 0);
  },
};

/** What an agent does with a mutating call: refuse an older fence, answer a repeat from its journal, act once. */
export async function callToyAgent(store: PgStore, subject: string, operation: string, step: string, direction: 'do' | 'undo', fence: Fence): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.query('insert into toy_seen values ($1, $2, $3, $4, $5) on conflict do nothing', [subject, operation, fence.generation, fence.epoch, fence.attempt]);
    const [row] = await tx.query<{ operation: string; generation: number; epoch: string; attempt: number }>('select * from toy_seen where subject = $1 for update', [subject]);
    const seen: Fence = { generation: row!.generation, epoch: Number(row!.epoch), attempt: row!.attempt };
    if (compareFence(fence, seen, row!.operation === operation) < 0) throw new FinalStepError('AGENT.FENCED', 'a newer claim was seen');
    await tx.query('update toy_seen set operation = $2, generation = $3, epoch = $4, attempt = $5 where subject = $1', [subject, operation, fence.generation, fence.epoch, fence.attempt]);
    const [done] = await tx.query('insert into toy_journal values ($1, $2, $3) on conflict do nothing returning 1', [operation, step, direction]);
    const [was] = direction === 'undo' ? await tx.query('select 1 from toy_journal where operation = $1 and step = $2 and direction = $3', [operation, step, 'do']) : [true];
    if (done && was) await tx.query('insert into toy_effect (subject, operation, step, delta, attempt) values ($1, $2, $3, $4, $5)', [subject, operation, step, direction === 'do' ? 1 : -1, fence.attempt]);
  });
}

export interface ToyInput {
  /** the step that fails, and how often (default: always) */
  fail?: string; failTimes?: number; final?: boolean;
  /** the step that waits until told to stop */
  hang?: string;
  /** the step that does not even stop when told, until `wakeDeaf` */
  deaf?: string;
  /** the step whose compensation fails, and how often */
  failUndo?: string; failUndoTimes?: number;
  skip?: string;
  throwAtEnd?: boolean;
}

const untilAborted = (signal: AbortSignal): Promise<never> => new Promise((_resolve, reject) => {
  if (signal.aborted) reject(signal.reason as Error);
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
});

export interface ToyOptions { timeoutMs?: number; stepTimeoutMs?: number; attempts?: number }

export function toyWorkflows(store: PgStore, options: ToyOptions = {}): AnyWorkflow[] {
  const { timeoutMs = 20_000, stepTimeoutMs = 10_000, attempts = 3 } = options;
  const retry = { attempts, firstDelayMs: 10, maxDelayMs: 40 };

  async function run(ctx: StepContext<ToyInput>, name: string): Promise<{ made: string }> {
    const { operation: { id, subjectId }, input } = ctx;
    await store.query('insert into toy_call (operation, step, attempt, secret_seen) values ($1, $2, $3, $4)', [id, name, ctx.attempt, ctx.secrets['password'] === 'correct horse']);
    ctx.progress(0.3, `${name} begins`);
    await ctx.write((tx: Tx) => tx.query('insert into toy_row values ($1, $2, $3, $4)', [subjectId, id, name, ctx.fence.attempt]));
    if (input.hang === name) await untilAborted(ctx.signal);
    if (input.deaf === name && ctx.attempt === 1) {
      while ((await store.query("select 1 from toy_row where step = 'wake'")).length === 0) await delay(20);
      await ctx.write((tx) => tx.query("insert into toy_row values ($1, $2, 'stray', $3)", [subjectId, id, ctx.fence.attempt])).catch(async (error: Error) => {
        await store.query("insert into toy_row values ($1, $2, $3, $4)", [subjectId, id, `refused: ${error.name}`, ctx.fence.attempt]);
      });
    }
    await callToyAgent(store, subjectId, id, name, 'do', ctx.fence);
    ctx.progress(0.6, `${name} goes on, ${ctx.secrets['password'] ?? 'no secret'}`);
    if (input.fail === name && ctx.attempt <= (input.failTimes ?? Infinity)) {
      if (input.final) throw new FinalStepError('ENGINE.REFUSED', `it does not want ${ctx.secrets['password'] ?? 'that'}`);
      throw new Error('it did not work');
    }
    return { made: name };
  }
  async function undo(ctx: StepContext<ToyInput>, name: string): Promise<void> {
    if (ctx.input.failUndo === name) {
      const [row] = await store.query<{ n: number }>('select count(*)::int as n from toy_call where operation = $1 and step = $2', [ctx.operation.id, `${name}-undo`]);
      await store.query('insert into toy_call (operation, step) values ($1, $2)', [ctx.operation.id, `${name}-undo`]);
      if (row!.n < (ctx.input.failUndoTimes ?? Infinity)) throw new Error('it cannot be undone');
    }
    await callToyAgent(store, ctx.operation.subjectId, ctx.operation.id, name, 'undo', ctx.fence);
  }
  const step = (name: string, weight = 1) => ({
    name, title: `Step ${name}`, weight, timeoutMs: stepTimeoutMs, retry,
    applies: (input: ToyInput) => input.skip !== name,
    run: (ctx: StepContext<ToyInput>) => run(ctx, name),
    compensate: (ctx: StepContext<ToyInput>) => undo(ctx, name),
  });
  const make = defineWorkflow<ToyInput>({
    kind: 'toy.make', version: 1, cancellable: true, retryable: true, timeoutMs,
    steps: [step('one'), step('two', 2), step('three')],
    async onEnd(tx, operation, ending) {
      if (operation.input.throwAtEnd) throw new Error('the end is broken');
      await tx.query('insert into toy_end values ($1, $2, $3)', [operation.id, ending.state, ending.state === 'SUCCEEDED' ? null : ending.fault.code]);
    },
  });
  const fixed = defineWorkflow<ToyInput>({ ...make, kind: 'toy.fixed', cancellable: false, retryable: false });
  return [make, fixed] as AnyWorkflow[];
}

export interface ToyWorld { operations: Operations & { close(): void }; worker(id: string, options?: { leaseMs?: number; concurrency?: number; toy?: ToyOptions; targets?: string[]; log?: Log }): Worker; accept(subject: string, input: ToyInput, more?: Partial<EnqueueRequest>): Promise<OperationView> }

export async function createToyWorld(store: PgStore, toy: ToyOptions = {}): Promise<ToyWorld> {
  const operations = createOperations({ store, sealer: toySealer, workflows: toyWorkflows(store, toy), hooks: toyHooks, log: silentLog });
  return {
    operations,
    worker: (id, options = {}) => createWorker({
      store, sealer: toySealer, workflows: toyWorkflows(store, options.toy ?? toy), hooks: toyHooks, generation: 1, gatewayId: id,
      concurrency: options.concurrency ?? 4, leaseMs: options.leaseMs ?? 600, targets: () => options.targets ?? [], log: options.log ?? silentLog,
    }),
    async accept(subject, input, more = {}) {
      await store.query('insert into toy_subject (id) values ($1) on conflict do nothing', [subject]);
      return store.transaction((tx) => operations.enqueue(tx, {
        kind: 'toy.make', input, secrets: { password: 'correct horse' }, subjectId: subject, lockMode: 'EXCLUSIVE', projectId: 'p1', actor: 'token:test', clientAddress: '127.0.0.1', requestId: 'r1', ...more,
      }));
    },
  };
}

export const wakeDeaf = (store: PgStore): Promise<unknown> => store.query("insert into toy_row (step) values ('wake')");

/** Effects that stand after all: what was done and not undone, by step. Never more than one of each. */
export async function effectsOf(store: PgStore, operation: string): Promise<Record<string, number>> {
  const rows = await store.query<{ step: string; n: number }>('select step, sum(delta)::int as n from toy_effect where operation = $1 group by step order by step', [operation]);
  return Object.fromEntries(rows.map((row) => [row.step, row.n]));
}

export interface ToldEvent { type: string; phase: string; actor: string; client_address: string | null; request_id: string | null; doc: OperationView | null; data: unknown }
export const eventsOf = (store: PgStore, operation: string): Promise<ToldEvent[]> =>
  store.query<ToldEvent>('select type, phase, actor, client_address, request_id, doc, data from event where operation_id = $1 order by id', [operation]);
