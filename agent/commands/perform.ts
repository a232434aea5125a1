/** One command, from the journal's "started" to the journal's outcome. */
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Configurer } from '../configuration/configurer.ts';
import type { GuestHalf } from '../../strategies/spi/guest.ts';
import type { Journal } from '../journal/journal.ts';
import { commandName, type CommandRecord, type FaultRecord, isOfEarlierEpoch } from '../journal/record.ts';
import type { SecretKeeper } from '../state/secrets.ts';
import type { ContextFactory } from '../supervisor/context.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { commandTraits, secretsOf } from './catalogue.ts';
import type { CrashPoint } from './crash-point.ts';
import { execute, nothing, type Result } from './execute.ts';
import { faultOf, isItemFault, redactor } from './faults.ts';
import type { ItemLedger } from './items.ts';
import type { LifeCycle } from './life-cycle.ts';
import type { Job, RecordedOutcome } from './runner.ts';
import type { Upgrading } from '../upgrade/upgrading.ts';

export interface PerformParts {
  guest: GuestHalf; lifeCycle: LifeCycle; configurer: Configurer; upgrading: Upgrading; supervisor: Supervisor; journal: Journal; context: ContextFactory; secrets: SecretKeeper; clock: Clock; log: Log;
  onRootChange(): void;
  crashPoint: CrashPoint;
}

export const createPerform = (parts: PerformParts) => async (job: Job): Promise<RecordedOutcome> => {
  const { guest, lifeCycle, configurer, upgrading, supervisor, journal, context, secrets, clock, log, crashPoint } = parts;
  const { request, signal, hub } = job;
  const kind = request.command.$case;
  crashPoint(kind, 'before');

  let record = beginRecord(job, clock.now());
  const keep = async (change: Partial<CommandRecord>): Promise<void> => {
    record = { ...record, ...change };
    await journal.write(record);
  };
  await keep({});
  crashPoint(kind, 'inside', 1);

  const redact = redactor([...secretsOf(request.command), secrets.managementSecret()]);
  const toFault = (error: unknown): FaultRecord => faultOf(error, signal, redact);
  const ledger: ItemLedger = {
    results: () => record.items,
    keepResult: (index, fault) => keep({ items: { ...record.items, [index]: fault } }),
  };
  const itemFault = (error: unknown): FaultRecord | undefined => {
    const fault = toFault(error);
    return isItemFault(fault) ? fault : undefined;
  };
  const progress = (fraction: number, message: string): void => hub.tell(fraction, redact(String(message)));
  const ctx = context({ signal, deadline: job.deadline, operationId: request.operationId, progress });
  const work = (): Promise<Result> =>
    execute(request.command, { ctx, guest, lifeCycle, configurer, upgrading, ledger, frame: { signal, itemFault, progress }, isRepeat: record.runs > 1 });

  const startedMs = performance.now();
  let outcome: NonNullable<CommandRecord['outcome']>;
  try {
    outcome = { fault: null, ...(commandTraits[kind].changesRunState ? await supervisor.own(work, commandName(request)) : await work()) };
  } catch (error) {
    outcome = { fault: toFault(error), ...nothing };
    const { name, message, stack } = error as Error;
    log.warn({ operation: request.operationId, step: request.step, command: kind, fault: outcome.fault, error: name, reason: redact(message), stack: redact(stack ?? '') }, 'command failed');
  }
  crashPoint(kind, 'inside', 2);
  await keep({ state: 'ended', outcome, atMs: clock.now() });
  crashPoint(kind, 'after');
  if (commandTraits[kind].capability === 'ROOT') parts.onRootChange();
  log.info({ operation: request.operationId, step: request.step, command: kind, ok: outcome.fault === null, tookMs: Math.round(performance.now() - startedMs) }, 'command ended');
  return { ...outcome, items: record.items };
};

function beginRecord({ request, record, digest }: Job, nowMs: number): CommandRecord {
  return {
    operationId: request.operationId, step: request.step, kind: request.command.$case, digest, epoch: request.fence.epoch, attempt: request.fence.attempt,
    runs: (record?.runs ?? 0) + 1, state: 'started', atMs: nowMs, outcome: null,
    items: !record || isOfEarlierEpoch(record, request.fence.epoch) ? {} : record.items,
  };
}
