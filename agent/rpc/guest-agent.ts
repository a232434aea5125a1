/** The service as the gateway sees it: who may call, what goes in, what comes out. The work is done elsewhere. */
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { Log } from '../../kernel/log.ts';
import type { GuestAgentServer } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { Runner } from '../commands/runner.ts';
import { QueueFull } from '../commands/command-queue.ts';
import { answerJson, handlerOf, parseArguments } from '../commands/plugin-handlers.ts';
import { type GuestContext, GuestFault, type GuestHalf, type UserInfo } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { type ContextFactory, ownFrame } from '../supervisor/context.ts';
import { endedWith } from '../supervisor/ended-with.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { asError, decideAccess } from './authorise.ts';
import { CapabilityAbsent, toStatus } from './errors.ts';
import { readFence, runCall } from './run-call.ts';

export interface Introduction {
  instanceId: string; agentVersion: string; protocols: string[]; capabilities: string[]; datastore: string; track: string; buildId: string;
}
export interface GuestAgentParts {
  boot: AgentBoot; introduction: Introduction; guest: GuestHalf; timeouts: GuestTimeouts; runner: Runner; supervisor: Supervisor; state: StateKeeper; context: ContextFactory; log: Log;
}

/** Live reads of the engine at once. */
const readLimit = 8;

export function createGuestAgent(parts: GuestAgentParts): GuestAgentServer {
  const { boot, introduction, guest, timeouts, runner, supervisor, state, context, log } = parts;

  type Unary<Request, Response> = (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => void;
  const guarded = <Request extends { instanceId: string }, Response>(answer: (request: Request) => Promise<Response>): Unary<Request, Response> => (call, done) => {
    const refusal = decideAccess(call.getAuthContext().sslPeerCertificate, call.request, boot);
    if (refusal) return done(asError(refusal));
    answer(call.request).then((response) => done(null, response), (error: unknown) => done(toStatus(error, log)));
  };

  const createReads = () => {
    let reading = 0;
    return async <T>(purpose: string, ask: (ctx: GuestContext) => Promise<T>): Promise<T> => {
      if (reading >= readLimit) throw new QueueFull(`More than ${readLimit} reads of the engine at once; try again`);
      reading++;
      try {
        const ctx = context(ownFrame(purpose, timeouts.statementMs));
        return await endedWith(ctx.signal, ask(ctx));
      } finally {
        reading--;
      }
    };
  };
  const readAny = createReads();
  /** A plugin would tell of its socket, which is not there: whoever asks wants to hear what to do. */
  const read = <T>(purpose: string, ask: (ctx: GuestContext) => Promise<T>): Promise<T> => readAny(purpose, async (ctx) => {
    if (ctx.engine.pid() !== null) return ask(ctx);
    throw new GuestFault('RETRYABLE', state.current().wanted === 'STOPPED' ? 'The engine is stopped: start the instance' : 'The engine does not run: the conditions of the instance tell why');
  });
  /** Apart, so that a field that hangs keeps nobody from what every datastore has. */
  const readField = createReads();
  const present = <T>(found: T | undefined, capability: string): T => {
    if (!found) throw new CapabilityAbsent(`The datastore ${boot.datastore} has no capability ${capability}`);
    return found;
  };

  return {
    describe: guarded(async () => ({ ...introduction, engineVersion: supervisor.health().version ?? boot.build.version })),
    run(call) {
      const refusal = decideAccess(call.getAuthContext().sslPeerCertificate, call.request, boot);
      // An 'error' event is how a status is sent on a stream.
      if (refusal) return void call.emit('error', asError(refusal));
      runCall(runner, call).catch((error: unknown) => call.emit('error', toStatus(error, log)));
    },
    cancel: guarded(async (request) => {
      await runner.cancel(request.operationId, readFence(request.fence));
      return {};
    }),
    probe: guarded(async () => {
      const { probe, latencyMs } = await supervisor.probe();
      return { state: probe.state, detail: probe.detail ?? undefined, engineVersion: probe.version ?? undefined, latencyMs };
    }),
    listDatabases: guarded(async () => {
      const methods = present(guest.databases, 'DATABASES');
      const found = await read('list-databases', (ctx) => methods.list(ctx));
      return { databases: found.map((each) => ({ name: each.name, characterSet: each.characterSet ?? undefined, collation: each.collation ?? undefined, sizeBytes: each.sizeBytes ?? undefined, options: each.options ?? [] })) };
    }),
    listUsers: guarded(async () => {
      const methods = present(guest.users, 'USERS');
      return { users: (await read('list-users', (ctx) => methods.list(ctx))).map(toUser) };
    }),
    getRoot: guarded(async () => {
      const methods = present(guest.root, 'ROOT');
      return { enabled: await read('get-root', (ctx) => methods.isEnabled(ctx)) };
    }),
    readParameters: guarded(async () => {
      const methods = present(guest.configuration, 'CONFIGURATION');
      const found = await read('read-parameters', (ctx) => methods.read(ctx));
      const { sizing, parameters } = state.current().inForce;
      return { parameters: found.map(({ name, value, pending }) => ({ name, value, pending: pending ?? undefined })), sizing, group: parameters };
    }),
    readPluginField: guarded(async ({ name, argumentsJson }) => {
      const handler = handlerOf(guest.graphql?.fields, name);
      return { valueJson: answerJson(name, await readField(`field-${name}`, (ctx) => handler(ctx, parseArguments(argumentsJson)))) };
    }),
  };
}

const toUser = (user: UserInfo) => ({
  user: { name: user.name, host: user.host, authDatabase: user.authDatabase },
  grants: user.grants.map((grant) => ({ database: grant.database ?? undefined, privileges: grant.privileges })),
});
