/** What a caller may ask for. Each runs in the guest's lane, after its fence was proved and recorded. */
import { rm } from 'node:fs/promises';
import { CofferError } from '../../kernel/errors.ts';
import { faultPoint } from '../../kernel/fault-point.ts';
import type { EngineBuild } from '../../strategies/spi/engine-source.ts';
import type { Enrolment, GuestChange, GuestFacts, GuestSpec } from '../../strategies/spi/compute.ts';
import { signalAgent, killAll, waitGone } from '../processes/end.ts';
import { isAtWork } from '../processes/of-instance.ts';
import { isAlive, signalProcess } from '../processes/proc.ts';
import { waitUntil } from '../processes/wait.ts';
import type { GuestRecord } from '../records/guest-record.ts';
import type { Claim } from '../records/fence.ts';
import { guestProcesses, limitGuest, searchPlaceOf } from './agent-process.ts';
import { writeBootFile, writeEnrolFile } from './boot-files.ts';
import type { ComputeContext } from './context.ts';
import { diskSpace } from '../disk.ts';
import { decideShortRun, ensureGuestFolders, ensureVolumeFolder, isRoot, removeAllButDataAndLogs } from './folders.ts';
import type { Keeper } from './keeper.ts';

export interface Deed extends Claim { instanceId: string; signal: AbortSignal }
const gibibyte = 1024 ** 3;

export async function createVolume(context: ComputeContext, deed: Deed, sizeGb: number, type: string): Promise<void> {
  const known = context.records.get(deed.instanceId);
  const strategy = await context.volumes.offered(type);
  if (known && known.volumeGb > 0 && context.volumes.of(known) !== strategy) {
    throw new CofferError('PRECONDITION.STATE', `the volume of ${deed.instanceId} is of type ${context.volumes.of(known).type}: it keeps it`);
  }
  await requireDisk(context, sizeGb, known?.volumeGb ?? 0);
  const record = { ...(known ?? (await freshRecord(context, deed))), volumeGb: sizeGb, volumeType: strategy.type };
  await context.records.put(record);
  await strategy.create(deed.instanceId, sizeGb, deed.signal);
  await ensureVolumeFolder(context, record);
}

/** What a volume has already been given is not asked for again. */
async function requireDisk(context: ComputeContext, sizeGb: number, hasGb: number): Promise<void> {
  const { freeBytes } = await diskSpace(context.paths.home);
  const usable = freeBytes - context.settings.diskReserveGb * gibibyte;
  if (sizeGb <= hasGb || usable >= (sizeGb - hasGb) * gibibyte) return;
  throw new CofferError('ADMISSION.NO_DISK', `the volume needs ${sizeGb - hasGb} GB and the host can give ${Math.max(0, Math.floor(usable / gibibyte))} GB beyond its reserve`);
}

/** The volume first, then what is known of it: a call that comes again finds out how far it had come. */
export async function growVolume(context: ComputeContext, keeper: Keeper, deed: Deed, sizeGb: number): Promise<GuestFacts> {
  const known = context.records.get(deed.instanceId);
  if (!known?.spec) throw new CofferError('RESOURCE.NOT_FOUND', `${deed.instanceId} has no guest on this host`);
  const strategy = context.volumes.of(known);
  const { sizeBytes = 0 } = (await strategy.inspect(deed.instanceId)) ?? {};
  await requireDisk(context, sizeGb, Math.max(known.volumeGb, sizeBytes / gibibyte));
  await strategy.grow(deed.instanceId, sizeGb, deed.signal);
  return changeGuest(context, keeper, deed, { volumeGb: Math.max(sizeGb, known.volumeGb) });
}

async function freshRecord(context: ComputeContext, deed: Deed): Promise<GuestRecord> {
  const uids = await context.users.allocate(context.records.all());
  return {
    version: 1, instanceId: deed.instanceId, fence: deed.fence, operationId: deed.operationId,
    attempts: { [deed.operationId]: deed.fence.attempt }, desired: 'prepared', volumeGb: 0,
    isolation: context.users.isolation, uids, shortRun: decideShortRun(context.records.folder(deed.instanceId), isRoot()),
    spec: null, build: null, agent: null, runtime: null, limitsUnenforced: null,
  };
}

export async function createGuest(context: ComputeContext, keeper: Keeper, deed: Deed, spec: GuestSpec): Promise<GuestFacts> {
  const build = await requireBuild(context, spec.buildId, deed.signal);
  const known = context.records.get(deed.instanceId) ?? (await freshRecord(context, deed));
  const { token, ...enrolment } = spec.enrolment;
  // One that was grown is not smaller because somebody has not heard of it.
  const volumeGb = Math.max(spec.volumeGb, known.volumeGb);
  const record: GuestRecord = {
    ...known, desired: 'running', volumeGb, spec: { ...spec, volumeGb, enrolment },
    build: { id: build.id, version: build.version, prefix: build.prefix, binDir: build.binDir },
  };
  deed.signal.throwIfAborted();
  await context.records.put(record);
  await ensureGuestFolders(context, record);
  await enrol(context, record, { ...enrolment, token });
  deed.signal.throwIfAborted();
  const running = await keeper.ensureNow(record);
  return factsOf(context, running);
}

/** A build that was lost is made again from the packages that were kept. */
async function requireBuild(context: ComputeContext, buildId: string, signal: AbortSignal): Promise<EngineBuild> {
  const found = await context.engineStore.get(buildId);
  if (found) return found;
  return context.engineStore.restore({ buildId, signal }).catch((cause: unknown) => {
    throw new CofferError('SOURCE.UNAVAILABLE', `the build ${buildId} is not on this host: install the engine again`, { cause });
  });
}

/** A new token for the agent: it reads it when it starts, or now. */
async function enrol(context: ComputeContext, record: GuestRecord, enrolment: Enrolment): Promise<void> {
  await writeEnrolFile(context, record, enrolment);
  if (!record.agent || !isAlive(record.agent)) return;
  await writeBootFile(context, record);
  await signalAgent(record.agent, 'SIGHUP');
}

export async function reenrol(context: ComputeContext, keeper: Keeper, deed: Deed, enrolment: Enrolment): Promise<void> {
  const known = context.records.get(deed.instanceId);
  if (!known?.spec) throw new CofferError('RESOURCE.NOT_FOUND', `${deed.instanceId} has no guest on this host`);
  const { token: _, ...lasting } = enrolment;
  const record: GuestRecord = { ...known, desired: 'running', spec: { ...known.spec, enrolment: lasting } };
  await context.records.put(record);
  await ensureGuestFolders(context, record);
  await enrol(context, record, enrolment);
  deed.signal.throwIfAborted();
  await keeper.ensureNow(record);
}

/** Also where nothing of it changes: an earlier call may have died between the record and the deed. */
export async function changeGuest(context: ComputeContext, keeper: Keeper, deed: Deed, { flavor, volumeGb, build }: GuestChange): Promise<GuestFacts> {
  const known = context.records.get(deed.instanceId);
  if (!known?.spec || !known.build) throw new CofferError('RESOURCE.NOT_FOUND', `${deed.instanceId} has no guest on this host`);
  const found = build ? await requireBuild(context, build.buildId, deed.signal) : null;
  if (found && found.id !== known.build.id) await requireStoppedEngine(context, known, deed.signal);
  const record: GuestRecord = {
    ...known, volumeGb: volumeGb ?? known.volumeGb,
    spec: { ...known.spec, flavor: flavor ?? known.spec.flavor, volumeGb: volumeGb ?? known.spec.volumeGb, ...build },
    ...(found ? { build: { id: found.id, version: found.version, prefix: found.prefix, binDir: found.binDir } } : {}),
  };
  deed.signal.throwIfAborted();
  faultPoint('compute', 'change-guest', 'before');
  await context.records.put(record);
  faultPoint('compute', 'change-guest', 'inside', 1);
  const limited = await limitGuest(context, record);
  await context.records.put(limited);
  await writeBootFile(context, limited);
  faultPoint('compute', 'change-guest', 'inside', 2);
  if (limited.desired !== 'running') return factsOf(context, limited);
  const isAgentAlive = limited.agent !== null && isAlive(limited.agent);
  if (isAgentAlive && found && limited.agentBuild !== found.id) await endAgent(limited, deed.signal);
  else if (isAgentAlive && limited.agent) await signalAgent(limited.agent, 'SIGHUP', deed.signal);
  const facts = await factsOf(context, await keeper.ensureNow(limited));
  faultPoint('compute', 'change-guest', 'after');
  return facts;
}

const engineEndMs = 2_000;
/** Data are never left to two builds at once. What is only about to end is waited for, and may have ended at the next try. */
async function requireStoppedEngine(context: ComputeContext, record: GuestRecord, signal: AbortSignal): Promise<void> {
  const { instanceId, agent, uids } = record;
  const find = guestProcesses(searchPlaceOf(context), instanceId, record);
  let left: number[] = [];
  const isStopped = async (): Promise<boolean> => {
    left = [];
    for (const { pid } of await find()) if (pid !== agent?.pid && (await isAtWork(pid, { instanceId, agentUid: uids?.agent ?? null }))) left.push(pid);
    return left.length === 0;
  };
  if (await waitUntil(isStopped, engineEndMs, signal)) return;
  throw new CofferError('HOST.UNREACHABLE', `the engine of ${instanceId} still runs (${left.join(', ')}); try again`, { remedy: 'Stop it first.' });
}

const agentEndMs = 15_000;
/** SIGTERM: what it is at is journalled and its engine, were there one, would stay. */
async function endAgent({ instanceId, agent }: GuestRecord, signal: AbortSignal): Promise<void> {
  if (!agent) return;
  signalProcess(agent, 'SIGTERM');
  if (await waitGone([agent], agentEndMs, signal)) return;
  signalProcess(agent, 'SIGKILL');
  if (!(await waitGone([agent], agentEndMs, signal))) throw new CofferError('HOST.UNREACHABLE', `the agent ${agent.pid} of ${instanceId} does not end; try again`);
}

/** Longer than any engine takes that its agent would not have killed itself. */
export const orderlyStopMs = 130_000;

export async function stopGuest(context: ComputeContext, deed: Deed): Promise<void> {
  const known = context.records.get(deed.instanceId);
  if (!known) return;
  // First the wish, then the deed: nobody starts it again in between.
  await putOrKeep(context, { ...known, desired: 'stopped' });
  await endProcesses(context, deed, 'orderly');
  await context.limiter.remove(deed.instanceId);
  await removeAllButDataAndLogs(context, known);
  await putOrKeep(context, { ...known, desired: 'stopped', agent: null, runtime: null });
}

export async function destroyGuest(context: ComputeContext, deed: Deed): Promise<void> {
  const known = context.records.get(deed.instanceId);
  if (known) await putOrKeep(context, { ...known, desired: 'destroyed' });
  await endProcesses(context, deed, 'at once');
  await context.limiter.remove(deed.instanceId);
  if (known?.shortRun) await rm(known.shortRun, { recursive: true, force: true });
  // Of every kind: the record may be lost.
  for (const strategy of context.volumes.all) await strategy.destroy(deed.instanceId, deed.signal);
  const tombstone = { instanceId: deed.instanceId, fence: deed.fence, operationId: deed.operationId, at: new Date().toISOString() };
  // Before the folder goes, so that a crash in between forgets nothing; again after it, when the disk was full.
  const buried = await context.records.bury(tombstone).then(() => true, () => false);
  await rm(context.records.folder(deed.instanceId), { recursive: true, force: true, maxRetries: 3 });
  if (!buried) await context.records.bury(tombstone);
  context.records.forget(deed.instanceId);
}

async function endProcesses(context: ComputeContext, deed: Deed, manner: 'orderly' | 'at once'): Promise<void> {
  const record = context.records.get(deed.instanceId);
  const find = guestProcesses(searchPlaceOf(context), deed.instanceId, record);
  if (manner === 'orderly' && record?.agent && isAlive(record.agent)) {
    const isTold = await signalAgent(record.agent, 'SIGUSR1', deed.signal);
    if (isTold && !(await waitGone([record.agent], orderlyStopMs, deed.signal))) context.log.warn({ instance: deed.instanceId }, 'the agent did not stop its engine in time: both are killed');
  }
  const left = await killAll(find);
  if (left.length > 0) throw new CofferError('HOST.UNREACHABLE', `processes ${left.map((one) => one.pid).join(', ')} of ${deed.instanceId} do not end; try again`);
}

/** Removing things must work on a full disk as well. */
async function putOrKeep(context: ComputeContext, record: GuestRecord): Promise<void> {
  await context.records.put(record).catch(() => context.records.putVolatile(record));
}

export async function inspect(context: ComputeContext, instanceId: string): Promise<GuestFacts> {
  const record = context.records.get(instanceId);
  return record ? factsOf(context, record) : { state: 'absent', agentPid: null, enginePids: [], isolation: context.users.isolation, limitsUnenforced: context.limiter.problem };
}

async function factsOf(context: ComputeContext, record: GuestRecord): Promise<GuestFacts> {
  const agentAlive = isAlive(record.agent);
  const processes = await guestProcesses(searchPlaceOf(context), record.instanceId, record)();
  return {
    state: record.desired === 'running' ? (agentAlive ? 'running' : 'starting') : 'stopped',
    agentPid: agentAlive ? (record.agent?.pid ?? null) : null,
    enginePids: processes.map((one) => one.pid).filter((pid) => pid !== record.agent?.pid),
    isolation: record.isolation, limitsUnenforced: record.limitsUnenforced, ...(record.volumeGb > 0 ? { volumeGb: record.volumeGb } : {}),
  };
}
