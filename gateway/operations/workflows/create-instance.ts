/** instance.create: reserve → engine → volume → guest → enrol → initialise → start → databases → users → verify → ready. */
import { refusalOf } from '../../domain/admission.ts';
import { readHostLoads } from '../../domain/host-load.ts';
import { changeInstance } from '../../domain/instance/change.ts';
import type { Tx } from '../../store/tx.ts';
import { defineWorkflow, FinalStepError, type Step, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { toDatabase, toNewUsers } from './engine-command.ts';
import { guestConfiguration } from './guest-configuration.ts';
import { callOptions, createGuestStep, enrolStep, guestTimeouts, installEngineStep, readyStep, startEngineStep } from './guest-steps.ts';
import { faultAfter, readInstance, readManagementSecret, type CreateInstanceWork } from './instance-facts.ts';
import { failOnItems, runOnAgent } from './run-on-agent.ts';
import { verifyStep } from './verify-step.ts';

type Ctx = StepContext<CreateInstanceWork>;

const reserve = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'reserve', title: 'Reserve memory, disk and ports', timeoutMs: secondsMs(20), retry: brief,
  async run(ctx) {
    const { instanceId, hostId, datastore } = ctx.input;
    const ports = deps.catalogue.manifest(datastore)!.ports.map((p) => p.name);
    const leased = await ctx.write(async (tx) => {
      // one reservation at a time on a host: the optimistic check at acceptance becomes a promise here
      await tx.query('select 1 from host where id = $1 for update', [hostId]);
      const found = await leasePorts(tx, deps, instanceId, hostId, ports);
      const [load] = await readHostLoads(tx, deps.enginePorts, { hostId, onlyReserved: true });
      // this instance's own demand is part of what is reserved by now; those that were only accepted wait for their turn here
      const refusal = load ? refusalOf(load, { memoryMb: 0, volumeGb: 0, ports: 0, zone: null }, deps.reserve) : null;
      if (refusal) throw new FinalStepError(refusal.code, refusal.message);
      return found;
    });
    // A plugin is never waited for while others wait for the host's row.
    const endpoints = await deps.control.call(datastore, 'endpoints', { host: deps.engineAdvertise, ports: leased });
    await ctx.write((tx) => changeInstance(tx, instanceId, { endpoints }, { actor: ctx.operation.actor, operationId: ctx.operation.id }));
    return { ports: leased };
  },
  compensate: (ctx) => ctx.write((tx) => releaseReservation(tx, ctx)),
});

async function releaseReservation(tx: Tx, ctx: Ctx): Promise<void> {
  await tx.query('delete from port_lease where instance_id = $1', [ctx.input.instanceId]);
  await changeInstance(tx, ctx.input.instanceId, { released: true, endpoints: [] }, { actor: ctx.operation.actor, operationId: ctx.operation.id });
}

async function leasePorts(tx: Tx, deps: WorkflowDeps, instanceId: string, hostId: string, names: string[]): Promise<Record<string, number>> {
  const held = await tx.query<{ name: string; port: number }>('select name, port from port_lease where instance_id = $1', [instanceId]);
  const missing = names.filter((name) => !held.some((h) => h.name === name));
  // random, so that a port just freed is not handed to the next tenant at once
  const fresh = await tx.query<{ name: string; port: number }>(
    `insert into port_lease (host_id, port, instance_id, name)
     select $1, free.port, $2, wanted.name
       from (select name, row_number() over () as n from unnest($3::text[]) as name) wanted
       join (select port, row_number() over () as n from (
               select p as port from generate_series($4::int, $5::int) p
                where not exists (select 1 from port_lease l where l.host_id = $1 and l.port = p) order by random() limit $6) picked) free using (n)
     returning name, port`,
    [hostId, instanceId, missing, deps.enginePorts.from, deps.enginePorts.to, missing.length],
  );
  if (fresh.length < missing.length) throw new FinalStepError('ADMISSION.NO_PORT', `the port range ${deps.enginePorts.from}-${deps.enginePorts.to} has no free port left`);
  return Object.fromEntries([...held, ...fresh].map((p) => [p.name, p.port]));
}

const volume = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'volume', title: 'Create the volume', timeoutMs: minutesMs(4), retry: patient,
  async run(ctx) {
    const doc = await readInstance(deps.store, ctx.input.instanceId);
    await deps.compute(ctx.input.hostId).createVolume({ instanceId: doc.id, sizeGb: doc.volumeGb, type: doc.volumeType }, callOptions(ctx));
  },
});

const initialise = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'initialise', title: 'Initialise the engine', weight: 2, timeoutMs: minutesMs(15), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    const configuration = await guestConfiguration(deps, doc, doc.configuration);
    await runOnAgent(deps, ctx, 'initialise', guestTimeouts(deps, datastore).initialiseMs,
      { $case: 'initialise', value: { managementSecret: await readManagementSecret(deps, instanceId), ...configuration } });
  },
});

const configure = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'configure', title: 'Configure the engine', timeoutMs: minutesMs(2), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    await runOnAgent(deps, ctx, 'configure', guestTimeouts(deps, datastore).statementMs, { $case: 'configure', value: await guestConfiguration(deps, doc, doc.configuration) });
  },
});

const databases = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'databases', title: 'Create the databases', timeoutMs: minutesMs(5), retry: brief,
  applies: (input) => input.databases.length > 0,
  async run(ctx) {
    const { datastore, databases: wanted } = ctx.input;
    const outcome = await runOnAgent(deps, ctx, 'databases', guestTimeouts(deps, datastore).statementMs * wanted.length,
      { $case: 'createDatabases', value: { databases: wanted.map(toDatabase) } });
    failOnItems(outcome.items, 'database');
  },
});

const users = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'users', title: 'Create the users', timeoutMs: minutesMs(5), retry: brief,
  applies: (input) => input.users.length > 0,
  async run(ctx) {
    const { datastore, users: wanted } = ctx.input;
    const outcome = await runOnAgent(deps, ctx, 'users', guestTimeouts(deps, datastore).statementMs * wanted.length,
      { $case: 'createUsers', value: { users: toNewUsers(wanted, ctx.secrets) } });
    failOnItems(outcome.items, 'user');
  },
});

export function createInstanceWorkflow(deps: WorkflowDeps): Workflow<CreateInstanceWork> {
  return defineWorkflow<CreateInstanceWork>({
    kind: 'instance.create', version: 1, cancellable: true, timeoutMs: minutesMs(30),
    steps: [
      reserve(deps), installEngineStep(deps), volume(deps), createGuestStep(deps), enrolStep(deps), initialise(deps), configure(deps),
      startEngineStep(deps), databases(deps), users(deps), verifyStep(deps), readyStep(deps, 'ok', 'start'),
    ],
    async onEnd(tx, operation, ending) {
      const { instanceId } = operation.input;
      const fault = faultAfter(operation, ending);
      // Ended before anything was reserved: then there was no reservation to undo either.
      const holdsNothing = fault !== null && (await tx.query('select 1 from port_lease where instance_id = $1 limit 1', [instanceId])).length === 0;
      await changeInstance(tx, instanceId, { fault, ...(holdsNothing ? { released: true } : {}) }, { actor: operation.actor, operationId: operation.id });
    },
  });
}
