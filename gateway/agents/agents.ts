/** The gateway's side of the agent protocol: callers name an instance; where its agent is, is found here. */
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { backoffMs, type RetryPolicy } from '../../kernel/backoff.ts';
import { CofferError } from '../../kernel/errors.ts';
import type { Fence } from '../../kernel/fence.ts';
import type { Log } from '../../kernel/log.ts';
import type { DescribeResponse, GuestAgentClient, Outcome } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { LiveParameter } from '../../strategies/spi/parameters.ts';
import type { DatabaseInfo, ProbeState, UserInfo } from '../../strategies/spi/guest.ts';
import type { Pki } from '../pki/pki.ts';
import type { Store } from '../store/tx.ts';
import { callUnary, readOutcome, type Unary } from './calls.ts';
import { createChannels } from './channels.ts';
import { capabilityFor, fromStatus, isBroken, requireCapability, requireDone, seenAfter, type Command } from './commands.ts';
import { createPresence, type AgentInfo } from './presence.ts';

/** `timeoutMs` of a reading call: 5 s when left out. */
export interface AgentCallOptions { signal: AbortSignal; timeoutMs?: number }
export interface RunRequest {
  operationId: string;
  step: string;
  fence: Fence;
  /** whole: waiting for the agent, running, and attaching again when the connection breaks */
  timeoutMs: number;
  command: Command;
}
export interface ProbeResult { state: ProbeState; detail: string | null; engineVersion: string | null; /** agent to engine */ latencyMs: number }

/**
 * Errors of every method: AGENT.UNREACHABLE (not connected, gone, too slow), AGENT.REFUSED (identity, release),
 * CAPABILITY.UNSUPPORTED (before anything changes), RESOURCE.NOT_FOUND. An aborted signal rejects with its reason.
 */
export interface Agents {
  describe(instanceId: string, options: AgentCallOptions): Promise<DescribeResponse>;
  /**
   * One command of an operation's step. A broken connection is taken up again until the deadline; the agent answers a
   * repeat with what it recorded. Aborting detaches and does not stop the command: that is `cancel`.
   * EXISTS, MISSING and REFUSED are answers and come back in `outcome.fault` and `outcome.items`; other faults are
   * thrown: ENGINE.UNAVAILABLE (worth another try), AGENT.FENCED, CAPABILITY.UNSUPPORTED, ENGINE.FAILED_TO_START,
   * OPERATION.CANCELLED, OPERATION.DEADLINE_EXCEEDED, OPERATION.STEP_FAILED.
   */
  run(instanceId: string, request: RunRequest, options: { signal: AbortSignal; progress?(fraction: number, message: string): void }): Promise<Outcome>;
  /** Aborts what runs for the operation; resolves when it has ended. */
  cancel(instanceId: string, request: { operationId: string; fence: Fence }, options: AgentCallOptions): Promise<void>;
  /** Looks at the engine now. */
  probe(instanceId: string, options: AgentCallOptions): Promise<ProbeResult>;
  listDatabases(instanceId: string, options: AgentCallOptions): Promise<DatabaseInfo[]>;
  listUsers(instanceId: string, options: AgentCallOptions): Promise<UserInfo[]>;
  /** as the engine has them now, and what Coffer put into its files */
  readParameters(instanceId: string, options: AgentCallOptions): Promise<{ parameters: LiveParameter[]; sizing: Record<string, string>; group: Record<string, string> }>;
  getRoot(instanceId: string, options: AgentCallOptions): Promise<{ enabled: boolean }>;
  /** A field that the plugin adds to the API; plain data, not looked at. */
  readPluginField(instanceId: string, field: { name: string; args: object }, options: AgentCallOptions): Promise<unknown>;
  /** Resolves when the agent's report stream is open on some gateway; AGENT.REFUSED when it came and does not fit. */
  waitForAgent(instanceId: string, signal: AbortSignal): Promise<AgentInfo>;
  close(): void;
}

const READ_TIMEOUT_MS = 5_000;
const CANCEL_TIMEOUT_MS = 30_000;
/** The agent keeps the deadline itself and says so; we wait a little longer to hear it. */
const DEADLINE_MARGIN_MS = 2_000;
const SETTLE_MS = 3_000;
const REATTACH: RetryPolicy = { attempts: Infinity, firstDelayMs: 100, maxDelayMs: 2_000 };

export function createAgents(deps: { store: Store; pki: Pki; log: Log; random?: () => number }): Agents {
  const { pki, log, random = Math.random } = deps;
  const presence = createPresence(deps.store);
  const channels = createChannels(pki);

  async function call<Request, Response>(
    agent: AgentInfo, method: (client: GuestAgentClient) => Unary<Request, Response>, request: Request, options: AgentCallOptions & { timeoutMs: number },
  ): Promise<Response> {
    const channel = channels.acquire(agent.instanceId, agent.address);
    try {
      return await callUnary(method(channel.client).bind(channel.client) as Unary<Request, Response>, request, options);
    } catch (error) {
      throw fromStatus(error, agent.instanceId);
    } finally {
      channel.release();
    }
  }
  async function read<Request, Response>(
    instanceId: string, method: (client: GuestAgentClient) => Unary<Request, Response>, request: Request, options: AgentCallOptions, capability: Parameters<typeof requireCapability>[0] = null,
  ): Promise<Response> {
    const agent = await presence.find(instanceId);
    requireCapability(capability, agent);
    return call(agent, method, request, { timeoutMs: READ_TIMEOUT_MS, ...options });
  }

  async function attach(agent: AgentInfo, request: RunRequest, remainingMs: number, signal: AbortSignal, progress: (fraction: number, message: string) => void): Promise<Outcome> {
    const channel = channels.acquire(agent.instanceId, agent.address);
    try {
      const stream = channel.client.run(
        { instanceId: agent.instanceId, operationId: request.operationId, step: request.step, fence: request.fence, timeoutMs: Math.max(1, Math.round(remainingMs)), command: request.command },
        new Metadata(), { deadline: Date.now() + remainingMs + DEADLINE_MARGIN_MS },
      );
      return await readOutcome(stream, { signal, progress: (p) => progress(p.fraction, p.message) });
    } finally {
      channel.release();
    }
  }

  /**
   * The outcome and the report of what it led to come over two connections. Waiting for the second keeps an operation
   * from ending, and the status from being derived, on what was seen before it.
   */
  async function settle(instanceId: string, command: Command, signal: AbortSignal): Promise<void> {
    const states = seenAfter(command);
    if (states === null) return;
    await presence.waitForEngine(instanceId, states, AbortSignal.any([signal, AbortSignal.timeout(SETTLE_MS)])).catch(() => signal.throwIfAborted());
  }

  async function run(instanceId: string, request: RunRequest, options: Parameters<Agents['run']>[2]): Promise<Outcome> {
    const endsAt = performance.now() + request.timeoutMs;
    const expiry = AbortSignal.timeout(request.timeoutMs);
    const signal = AbortSignal.any([options.signal, expiry]);
    let last: unknown = null;
    for (let attempt = 1; ; attempt++) {
      const agent = await presence.wait(instanceId, signal).catch((error: unknown) => {
        throw expiry.aborted && !options.signal.aborted ? late(instanceId, last) : error;
      });
      requireCapability(capabilityFor(request.command), agent);
      try {
        const outcome = requireDone(await attach(agent, request, endsAt - performance.now(), options.signal, options.progress ?? (() => {})));
        if (!outcome.fault) await settle(instanceId, request.command, options.signal);
        return outcome;
      } catch (error) {
        if (!isBroken(error, attempt)) throw fromStatus(error, instanceId);
        last = error;
        log.debug({ instanceId, operationId: request.operationId, step: request.step, attempt, error: String(error) }, 'lost the agent while it worked; attaching again');
      }
      await delay(backoffMs(REATTACH, attempt, random()), undefined, { signal }).catch(() => {
        options.signal.throwIfAborted();
        throw late(instanceId, last);
      });
    }
  }

  return {
    describe: (id, options) => read(id, (client) => client.describe, { instanceId: id }, options),
    run,
    async cancel(id, request, options) {
      const agent = await presence.find(id);
      await call(agent, (client) => client.cancel, { instanceId: id, ...request }, { timeoutMs: CANCEL_TIMEOUT_MS, ...options });
    },
    async probe(id, options) {
      const seen = await read(id, (client) => client.probe, { instanceId: id }, options);
      return { state: probeStates.find((state) => state === seen.state) ?? 'down', detail: seen.detail ?? null, engineVersion: seen.engineVersion ?? null, latencyMs: seen.latencyMs };
    },
    async listDatabases(id, options) {
      const { databases } = await read(id, (client) => client.listDatabases, { instanceId: id }, options, 'DATABASES');
      return databases.map((d) => ({ name: d.name, characterSet: d.characterSet ?? null, collation: d.collation ?? null, sizeBytes: d.sizeBytes ?? null, options: d.options }));
    },
    async listUsers(id, options) {
      const { users } = await read(id, (client) => client.listUsers, { instanceId: id }, options, 'USERS');
      return users.map((u) => ({
        name: u.user?.name ?? '', host: u.user?.host, authDatabase: u.user?.authDatabase,
        grants: u.grants.map((grant) => ({ database: grant.database ?? null, privileges: grant.privileges })),
      }));
    },
    async readParameters(id, options) {
      const { parameters, sizing, group } = await read(id, (client) => client.readParameters, { instanceId: id }, options, 'CONFIGURATION');
      return { parameters: parameters.map(({ name, value, pending }) => ({ name, value, pending: pending ?? null })), sizing, group };
    },
    getRoot: (id, options) => read(id, (client) => client.getRoot, { instanceId: id }, options, 'ROOT'),
    async readPluginField(id, { name, args }, options) {
      const { valueJson } = await read(id, (client) => client.readPluginField, { instanceId: id, name, argumentsJson: JSON.stringify(args) }, options);
      return JSON.parse(valueJson) as unknown;
    },
    waitForAgent: presence.wait,
    close() {
      presence.close();
      channels.close();
    },
  };
}

const probeStates: readonly ProbeState[] = ['ok', 'starting', 'down', 'hung'];
const late = (instanceId: string, cause: unknown): CofferError =>
  new CofferError('AGENT.UNREACHABLE', `the agent of ${instanceId} could not be reached in time: ${cause instanceof Error ? cause.message : 'it is not connected'}`, cause === null ? {} : { cause });
