/** The Run call: wire messages in, progress and outcome out. A broken stream leaves the command alone. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Fence } from '../../kernel/fence.ts';
import type { Outcome, RunRequest, RunResponse } from '../../proto/generated/coffer/agent/v1/agent.ts';
import { type Command, itemCount, itemLimit } from '../commands/catalogue.ts';
import type { Progress } from '../commands/progress-hub.ts';
import type { Answer, CommandRequest, RecordedOutcome, Runner } from '../commands/runner.ts';
import type { FaultRecord } from '../journal/record.ts';
import { InvalidRequest } from './errors.ts';

export const commandTimeoutLimitMs = 24 * 3_600_000;
/** Journal keys carry them. */
const nameCharacters = 128;
const progressEveryMs = 100;

export function readRunRequest(request: RunRequest): CommandRequest {
  const { operationId, step, timeoutMs, command } = request;
  const fence = readFence(request.fence);
  if (!isName(operationId) || !isName(step)) throw new InvalidRequest('operation_id and step are required, at most 128 characters each');
  if (!command) throw new InvalidRequest('This agent does not know the command; upgrade it');
  if (!(timeoutMs > 0 && timeoutMs <= commandTimeoutLimitMs)) throw new InvalidRequest(`timeout_ms must be between 1 and ${commandTimeoutLimitMs}`);
  if (itemCount(command) > itemLimit) throw new InvalidRequest(`A command takes at most ${itemLimit} items`);
  return { operationId, step, fence, timeoutMs, command };
}

const isName = (text: string): boolean => text.length > 0 && text.length <= nameCharacters;

export function readFence(fence: Fence | undefined): Fence {
  if (!fence || ![fence.generation, fence.epoch, fence.attempt].every((part) => Number.isSafeInteger(part) && part >= 0)) throw new InvalidRequest('fence is required');
  return { generation: fence.generation, epoch: fence.epoch, attempt: fence.attempt };
}

export async function runCall(runner: Runner, call: ServerWritableStream<RunRequest, RunResponse>): Promise<void> {
  const request = readRunRequest(call.request);
  const answer = await runner.run(request, throttled((progress) => {
    if (!call.cancelled) call.write({ event: { $case: 'progress', value: progress } });
  }));
  call.write({ event: { $case: 'outcome', value: toOutcome(answer, request.command) } });
  call.end();
}

/** Progress is for people: ten times a second is plenty, and the outcome comes anyway. */
function throttled(tell: (progress: Progress) => void): (progress: Progress) => void {
  let lastMs = -Infinity;
  return (progress) => {
    if (performance.now() - lastMs < progressEveryMs) return;
    lastMs = performance.now();
    tell(progress);
  };
}

export function toOutcome({ outcome, replayed }: Answer, command: Command): Outcome {
  return {
    fault: outcome.fault ?? undefined, items: toItems(outcome, command), restartRequired: outcome.restartRequired, rootName: outcome.rootName, replayed,
    findings: (outcome.findings ?? []).map(({ severity, subject, message }) => ({ severity, subject: subject ?? undefined, message })),
    upgradeRoom: outcome.upgradeRoom,
  };
}

function toItems(outcome: RecordedOutcome, command: Command): Outcome['items'] {
  const fault = (index: number): FaultRecord | undefined => {
    const known = outcome.items[index];
    return known === undefined ? (outcome.fault ?? undefined) : (known ?? undefined);
  };
  if (command.$case === 'createDatabases') return command.value.databases.map(({ name }, index) => ({ name, fault: fault(index) }));
  if (command.$case !== 'createUsers') return [];
  return command.value.users.map(({ user }, index) => ({ name: user?.name ?? '', host: user?.host, authDatabase: user?.authDatabase, fault: fault(index) }));
}
