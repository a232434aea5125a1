/**
 * instance.upgrade: an instance comes to a build of another version, or to another build of its own. The agent keeps a copy of
 * the data first; until `commit` every step has a way back to them and to the build of before. From the start of the new build
 * on clients may write, so that it is not called off any more; when something fails then, it goes back all the same.
 */
import { CofferError, isCofferError } from '../../../kernel/errors.ts';
import type { Finding, NamedBuild } from '../../../strategies/spi/guest.ts';
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import type { Outcome } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import { issueText, resolveValues } from '../../domain/configuration/resolve.ts';
import { freeName, insertRevision, readRevision } from '../../domain/configuration/rows.ts';
import type { StoredValue } from '../../domain/configuration/values.ts';
import { readHostLoads } from '../../domain/host-load.ts';
import { changeInstance, type InstancePatch, type InstanceRow } from '../../domain/instance/change.ts';
import type { GroupRevision } from '../../domain/instance/document.ts';
import { groupName } from '../../domain/instance/observation.ts';
import { type UpgradeCheck, estimateOf, findingsText, groupFindings, isVeto, reserveFindings } from '../../domain/upgrade/judge.ts';
import { appendMutation } from '../../events/append.ts';
import { defineWorkflow, FinalStepError, type Step, type StepContext, type Workflow } from '../workflow.ts';
import type { Tx } from '../../store/tx.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { guestConfiguration } from './guest-configuration.ts';
import { callOptions, ensureGuest, enrolStep, guestTimeouts, seeEngine } from './guest-steps.ts';
import { faultAfter, flavorOf, readInstance, waitForInstance, type InstanceNow, type InstanceWork } from './instance-facts.ts';
import { endOnAgent, runOnAgent } from './run-on-agent.ts';
import { restStep, soonOf, startEngine, stopEngine, wakeStep } from './wake.ts';

/** A build with the version that it is of. `buildId`: exactly this one, which is installed; left out: the newest. */
export interface VersionBuild { versionId: string; track: string; buildId?: string }
/** `values`: of a group that is made with the new version, in the name of the instance's. */
export interface UpgradeGroup extends GroupRevision { made: { name: string; description: string | null; values: StoredValue[]; origin: string } | null }
/** `track` is that of before. `before`: the group of before. `known`: what was found before the engine was asked. */
export interface UpgradeWork extends InstanceWork {
  from: VersionBuild & { buildId: string };
  to: VersionBuild;
  configuration: UpgradeGroup | null;
  before: GroupRevision | null;
  known?: Finding[] | undefined;
  intent: 'RUNNING' | 'STOPPED';
}

/** Its version stays, and so does its group. The build is named: what is installed meanwhile has seen no canary. */
export function workToBuild(row: InstanceRow, buildId: string): UpgradeWork {
  const configuration = row.configuration_id === null ? null : { id: row.configuration_id, revision: row.configuration_revision! };
  const version = { versionId: row.version_id, track: row.track };
  return {
    instanceId: row.id, hostId: row.host_id, datastore: row.datastore, track: row.track, from: { ...version, buildId: row.build_id! }, to: { ...version, buildId },
    configuration: configuration && { ...configuration, made: null }, before: configuration, intent: row.intent,
  };
}
export interface CheckUpgradeWork extends InstanceWork { to: VersionBuild; known?: Finding[] | undefined }
type Ctx = StepContext<UpgradeWork>;

const checkMs = minutesMs(10);
/** Of all that grows with the data. */
const dataMs = minutesMs(120);
const wire = (build: NamedBuild): NamedBuild => ({ track: build.track, version: build.version, prefix: build.prefix, bin: build.bin });
const named = (build: Pick<EngineBuild, 'track' | 'version' | 'prefix' | 'binDir'>): NamedBuild => ({ track: build.track, version: build.version, prefix: build.prefix, bin: build.binDir });

interface Builds { id: string; to: NamedBuild; from: NamedBuild }
const buildsOf = (ctx: StepContext<unknown>): Builds => ctx.outputs['install-engine'] as Builds;

async function ensureBuild(deps: WorkflowDeps, ctx: StepContext<CheckUpgradeWork>): Promise<Builds> {
  const { instanceId, hostId, datastore, to } = ctx.input;
  const compute = deps.compute(hostId);
  const newest = to.buildId === undefined ? await compute.ensureEngine({ datastore, track: to.track }, { signal: ctx.signal, progress: ctx.progress }) : null;
  const { buildId } = await readInstance(deps.store, instanceId);
  const builds = await compute.listBuilds(ctx.signal);
  const build = newest ?? builds.find(({ id }) => id === to.buildId);
  if (!build) throw new FinalStepError('SOURCE.UNAVAILABLE', `the build ${to.buildId ?? ''} that is rolled out is not on the host any more`);
  const present = builds.find(({ id }) => id === buildId);
  if (!present) throw new FinalStepError('SOURCE.UNAVAILABLE', `the build ${buildId ?? ''} that the instance has is not on its host any more: there would be no way back`);
  if (build.id === buildId) throw new FinalStepError('PRECONDITION.STATE', `the instance has the newest build of ${datastore} ${to.track} already: ${build.id}`);
  return { id: build.id, to: named(build), from: named(present) };
}

const installStep = <W extends CheckUpgradeWork>(deps: WorkflowDeps): Step<W> => ({
  name: 'install-engine', title: 'Install the new build', weight: 2, timeoutMs: minutesMs(15), retry: brief, run: (ctx) => ensureBuild(deps, ctx),
});

const toFindings = (outcome: Outcome): Finding[] => outcome.findings.map(({ severity, subject, message }) => ({ severity: severity === 'ERROR' ? 'ERROR' : 'WARNING', subject: subject ?? null, message }));

/** Of a group that stays: its values may have been right once. Those that come along to another version have just been judged. */
async function valueFindings(deps: WorkflowDeps, { datastore, flavorId, volumeGb, versionId, configuration }: InstanceNow, to: VersionBuild): Promise<Finding[]> {
  if (configuration === null || versionId !== to.versionId) return [];
  const { values } = await readRevision(deps.store, configuration.id, configuration.revision);
  const { issues } = await resolveValues(deps, { datastore, track: to.track }, values, { flavor: await flavorOf(deps, flavorId), volumeGb });
  return issues.map(({ path, message }) => ({ severity: 'ERROR', subject: path.join('.'), message: `${message}: the group has to be changed first` }));
}

async function check(deps: WorkflowDeps, ctx: StepContext<CheckUpgradeWork>): Promise<UpgradeCheck> {
  const { to } = buildsOf(ctx);
  const outcome = await runOnAgent(deps, ctx, 'check', checkMs, { $case: 'checkUpgrade', value: { to: wire(to) } });
  const { startMs, stopMs } = guestTimeouts(deps, ctx.input.datastore);
  const [load] = await readHostLoads(deps.store, deps.enginePorts, { hostId: ctx.input.hostId });
  const instance = await readInstance(deps.store, ctx.input.instanceId);
  const reserve = load ? reserveFindings(outcome.upgradeRoom ?? null, { name: load.host.name, freeBytes: load.facts.diskFreeBytes, reserveBytes: deps.reserve.diskBytes }, instance.volumeType) : [];
  const values = await valueFindings(deps, instance, ctx.input.to);
  const group = groupFindings(instance.observation?.configuration ?? null, groupName(instance.configuration));
  return { findings: [...(ctx.input.known ?? []), ...group, ...values, ...reserve, ...toFindings(outcome)], estimate: estimateOf(outcome.upgradeRoom ?? null, { startMs, stopMs }) };
}

/** Nothing is left of a check that was called off. */
const checkStep = <W extends CheckUpgradeWork>(deps: WorkflowDeps, isVetoed: (findings: readonly Finding[]) => boolean): Step<W> => ({
  name: 'check', title: 'Check whether the data can be brought there', weight: 2, timeoutMs: checkMs, retry: brief,
  async run(ctx) {
    const found = await check(deps, ctx);
    if (isVetoed(found.findings)) throw new FinalStepError('PRECONDITION.STATE', findingsText(found.findings));
    if (found.findings.length > 0) ctx.progress(1, findingsText(found.findings));
    return found;
  },
  compensate: (ctx) => endOnAgent(deps, ctx),
});

const wasStopped = ({ intent }: UpgradeWork): boolean => intent === 'STOPPED';

/** After `commit` nothing is undone: the copy may be gone, and the instance is what it was to become. */
const isCommitted = (ctx: StepContext<unknown>): boolean => Object.hasOwn(ctx.outputs, 'commit');
const undo = (work: (ctx: Ctx) => Promise<void>) => async (ctx: Ctx): Promise<void> => { if (!isCommitted(ctx)) await work(ctx); };

/** By the store's clock: a worker before this one may have begun it, on another machine. */
async function firstBegun({ store }: WorkflowDeps, { operation }: Ctx, step: string): Promise<string> {
  const [row] = await store.query<{ at: string | null }>(`select s.step->>'startedAt' as at from operation o, json_array_elements(o.steps) as s(step) where o.id = $1 and s.step->>'name' = $2`, [operation.id, step]);
  return row?.at ?? new Date().toISOString();
}
async function msSince({ store }: WorkflowDeps, at: string): Promise<number> {
  const [row] = await store.query<{ ms: number }>('select (extract(epoch from clock_timestamp() - $1::timestamptz) * 1000)::float8 as ms', [at]);
  return Math.max(0, Math.round(row!.ms));
}

/** The values of before may be ones that no start had shown yet: the agent has given them up, and the engine runs with those that it ran with. */
function unlessGivenUp(error: unknown): void {
  if (!(error instanceof FinalStepError && error.code === 'ENGINE.REFUSED')) throw error;
}

const stopStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'stop', title: 'Stop the engine', timeoutMs: minutesMs(10), retry: brief,
  async run(ctx) {
    const stoppedAt = await firstBegun(deps, ctx, 'stop');
    await stopEngine(deps, ctx, 'stop');
    return { stoppedAt };
  },
  compensate: undo(async (ctx) => {
    const { instanceId, datastore, before } = ctx.input;
    await endOnAgent(deps, ctx);
    // A group that could not be attached any more: the agent may have its values still, and the engine is not left down for it.
    const value = await guestConfiguration(deps, await readInstance(deps.store, instanceId), before).catch((error: unknown) => { if (error instanceof FinalStepError) return null; throw error; });
    if (value) await runOnAgent(deps, ctx, 'undo-configure', guestTimeouts(deps, datastore).statementMs, { $case: 'configure', value });
    if (wasStopped(ctx.input)) return;
    await startEngine(deps, ctx, 'undo-stop').catch(unlessGivenUp);
    await seeEngine(deps, ctx, 'ok', 'undo-stop', soonOf(ctx));
  }),
});

const keepStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'keep', title: 'Keep a copy of the data', weight: 3, timeoutMs: dataMs, retry: brief,
  async run(ctx) { await runOnAgent(deps, ctx, 'keep', dataMs, { $case: 'keepData', value: {} }); },
  compensate: undo(async (ctx) => {
    await endOnAgent(deps, ctx);
    await runOnAgent(deps, ctx, 'undo-keep', dataMs, { $case: 'revertUpgrade', value: { other: wire(buildsOf(ctx).to) } });
  }),
});

/** The row first: an agent of another build than the instance's is turned away. */
async function switchTo(deps: WorkflowDeps, ctx: Ctx, build: { id: string; track: string }, patch: InstancePatch): Promise<void> {
  const { instanceId, hostId } = ctx.input;
  await ctx.write((tx) => changeInstance(tx, instanceId, { ...patch, build_id: build.id, track: build.track }, { actor: ctx.operation.actor, operationId: ctx.operation.id }));
  await deps.compute(hostId).changeGuest(instanceId, { build: { track: build.track, buildId: build.id } }, callOptions(ctx));
  await seeAgent(deps, ctx, build.id);
}

/** Longer than an agent takes to start on a busy machine; one that cannot come back gets another token. */
const agentPatienceMs = 15_000;

async function seeAgent(deps: WorkflowDeps, ctx: Ctx, buildId: string): Promise<void> {
  const { instanceId, hostId } = ctx.input;
  const isThere = (one: InstanceNow): boolean => one.agentConnected && one.agentBuildId === buildId;
  for (;;) {
    const patience = AbortSignal.timeout(agentPatienceMs);
    try {
      return await waitForInstance(deps.store, instanceId, isThere, AbortSignal.any([ctx.signal, patience]), `the agent with ${buildId}`);
    } catch (error) {
      if (ctx.signal.aborted || !patience.aborted) throw error;
    }
    const enrolment = await ctx.write((tx) => deps.issueEnrolment(tx, instanceId));
    await deps.compute(hostId).reenrol(instanceId, enrolment, callOptions(ctx));
  }
}

const switchStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'switch', title: 'Give the agent the new build', timeoutMs: minutesMs(3), retry: patient,
  async run(ctx) {
    const { id, to } = buildsOf(ctx);
    await switchTo(deps, ctx, { id, track: to.track }, { build_version: to.version, version_id: ctx.input.to.versionId });
  },
  compensate: undo(async (ctx) => {
    const { from, before, configuration } = ctx.input;
    await endOnAgent(deps, ctx);
    // Also what `commit` may have written before its worker died.
    const made = configuration?.made ? configuration.id : null;
    await switchTo(deps, ctx, { id: from.buildId, track: from.track }, {
      build_version: buildsOf(ctx).from.version, version_id: from.versionId, configuration_id: before?.id ?? null, configuration_revision: before?.revision ?? null,
    });
    if (made === null) return;
    await ctx.write(async (tx) => {
      await tx.query('delete from configuration_revision where configuration_id = $1', [made]);
      await tx.query('delete from configuration where id = $1', [made]);
    });
  }),
});

/** What the upgrade's own program has said it says the next time as well, and each try costs another copy of the data. */
function endIfAnswered(error: unknown): never {
  throw isCofferError(error) && error.code === 'OPERATION.STEP_FAILED' ? new FinalStepError(error.code, error.message) : error;
}

const runStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'run', title: 'Bring the data to the new version', weight: 4, timeoutMs: dataMs, retry: brief,
  async run(ctx) { await runOnAgent(deps, ctx, 'run', dataMs, { $case: 'runUpgrade', value: { from: wire(buildsOf(ctx).from) } }).catch(endIfAnswered); },
  // Programs of either build may be at work still; with one of them the agent is given no other build.
  compensate: undo(async (ctx) => {
    await endOnAgent(deps, ctx);
    await runOnAgent(deps, ctx, 'undo-run', dataMs, { $case: 'revertUpgrade', value: { other: wire(buildsOf(ctx).from) } });
  }),
});

const configureStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'configure', title: 'Configure the engine', timeoutMs: minutesMs(3), retry: brief,
  async run(ctx) {
    const { instanceId, datastore, configuration, to } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    const values = configuration === null ? [] : configuration.made?.values ?? (await readRevision(deps.store, configuration.id, configuration.revision)).values;
    const { sizing, parameters, issues } = await resolveValues(deps, { datastore, track: to.track }, values, { flavor: await flavorOf(deps, doc.flavorId), volumeGb: doc.volumeGb });
    if (issues.length > 0) throw new FinalStepError('INPUT.INVALID', issueText(issues));
    await runOnAgent(deps, ctx, 'configure', 2 * guestTimeouts(deps, datastore).statementMs, { $case: 'configure', value: { sizing, parameters, configuration: groupName(configuration) } });
  },
  compensate: undo((ctx) => endOnAgent(deps, ctx)),
});

const startStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'start', title: 'Start the new build', timeoutMs: minutesMs(10), retry: brief, isPointOfNoReturn: true,
  run: (ctx) => startEngine(deps, ctx, 'start'),
  compensate: undo(async (ctx) => {
    await endOnAgent(deps, ctx);
    await stopEngine(deps, ctx, 'undo-start');
  }),
});

/** The interruption ends with the first answer at the door, as a client sees it. */
const verifyStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'verify', title: 'Connect as a user would', timeoutMs: secondsMs(30), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const { endpoints: [endpoint], caCertificate } = await readInstance(deps.store, instanceId);
    if (!endpoint) throw new CofferError('PRECONDITION.STATE', 'the instance has no endpoint');
    await deps.client.verifyRefusal(datastore, { host: endpoint.host, port: endpoint.port, caCertificate: caCertificate ?? '', database: null }, ctx.signal);
    const { stoppedAt } = ctx.outputs['stop'] as { stoppedAt: string };
    if (wasStopped(ctx.input)) return { interruptionMs: null };
    const interruptionMs = await msSince(deps, stoppedAt);
    ctx.progress(1, `clients were interrupted for ${interruptionMs} ms`);
    return { interruptionMs };
  },
});

const finishStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'finish', title: 'Finish on the running engine', weight: 2, timeoutMs: dataMs, retry: brief,
  async run(ctx) { await runOnAgent(deps, ctx, 'finish', dataMs, { $case: 'finishUpgrade', value: { from: wire(buildsOf(ctx).from) } }); },
  compensate: undo((ctx) => endOnAgent(deps, ctx)),
});

const readyStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'ready', title: 'See the engine healthy', timeoutMs: secondsMs(60), retry: brief, run: (ctx) => seeEngine(deps, ctx, 'ok', 'start'),
});

/** A repeat after its worker died finds it there. */
async function makeGroup(tx: Tx, ctx: Ctx, id: string, made: NonNullable<UpgradeGroup['made']>): Promise<string> {
  const { instanceId, datastore, to } = ctx.input;
  const [present] = await tx.query<{ name: string }>('select name from configuration where id = $1', [id]);
  if (present) return present.name;
  const [instance] = await tx.query<{ project_id: string }>('select project_id from instance where id = $1', [instanceId]);
  const name = await freeName(tx, instance!.project_id, made.name);
  await tx.query('insert into configuration (id, project_id, name, description, datastore, track, version_id) values ($1, $2, $3, $4, $5, $6, $7)', [id, instance!.project_id, name, made.description, datastore, to.track, to.versionId]);
  await insertRevision(tx, { id, revision: 1, values: made.values, actor: ctx.operation.actor, change: 'CLONED', origin: made.origin });
  await appendMutation(tx, { actor: ctx.operation.actor, clientAddress: null, requestId: null }, { type: 'configuration.clone', subject: id, projectId: instance!.project_id, operationId: ctx.operation.id, data: { name, revision: 1, origin: made.origin } });
  return name;
}

const commitStep: Step<UpgradeWork> = {
  name: 'commit', title: 'Keep the new version', timeoutMs: secondsMs(30), retry: patient,
  run: (ctx) => ctx.write(async (tx) => {
    const { instanceId, configuration, to } = ctx.input;
    const meta = { actor: ctx.operation.actor, operationId: ctx.operation.id };
    const group = configuration?.made ? await makeGroup(tx, ctx, configuration.id, configuration.made) : null;
    await changeInstance(tx, instanceId, { configuration_id: configuration?.id ?? null, configuration_revision: configuration?.revision ?? null }, { type: 'instance.upgraded', data: { from: ctx.input.from, to: { ...to, buildId: buildsOf(ctx).id } }, ...meta });
    return { buildId: buildsOf(ctx).id, group };
  }),
};

const mostDropAttempts = 5;
/** A copy that cannot be removed costs room and nothing else; the next upgrade removes it. */
const dropStep = (deps: WorkflowDeps): Step<UpgradeWork> => ({
  name: 'drop', title: 'Remove the copy', timeoutMs: minutesMs(10), retry: patient,
  async run(ctx) {
    try {
      await runOnAgent(deps, ctx, 'drop', minutesMs(10), { $case: 'dropKept', value: {} });
      return { left: null };
    } catch (error) {
      if (ctx.attempt < mostDropAttempts && !(error instanceof FinalStepError)) throw error;
      return { left: isCofferError(error) || error instanceof FinalStepError ? error.message : 'it could not be removed' };
    }
  },
});

export const upgradeInstanceWorkflow = (deps: WorkflowDeps): Workflow<UpgradeWork> =>
  defineWorkflow<UpgradeWork>({
    kind: 'instance.upgrade', version: 1, cancellable: true, timeoutMs: minutesMs(360),
    steps: [
      ensureGuest(deps), enrolStep(deps), installStep(deps), wakeStep(deps, wasStopped, undo), checkStep(deps, isVeto), stopStep(deps), keepStep(deps), switchStep(deps), runStep(deps),
      configureStep(deps), startStep(deps), verifyStep(deps), finishStep(deps), readyStep(deps), restStep(deps, wasStopped), commitStep, dropStep(deps),
    ],
    async onEnd(tx, operation, ending) {
      await changeInstance(tx, operation.input.instanceId, { fault: faultAfter(operation, ending) }, { actor: operation.actor, operationId: operation.id });
    },
  });

/** What an upgrade would meet; nothing changes. Its findings are its answer, also when they are a veto. */
export const checkUpgradeWorkflow = (deps: WorkflowDeps): Workflow<CheckUpgradeWork> =>
  defineWorkflow<CheckUpgradeWork>({
    kind: 'instance.check-upgrade', version: 1, cancellable: true, timeoutMs: minutesMs(30), steps: [installStep(deps), checkStep(deps, () => false)],
  });
