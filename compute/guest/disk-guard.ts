import { join } from 'node:path';
import { diskSpace, usedBytes } from '../disk.ts';
import { letAgentGo, signalAgent } from '../processes/end.ts';
import { isAlive, type ProcessIdentity } from '../processes/proc.ts';
import type { ComputeContext } from './context.ts';

/**
 * The size of a volume that is a folder is a promise of the tenant's (one with a file system of its own ends where it ends,
 * and is not looked at). While the host has room, overstepping is only reported;
 * when free space falls into the host's reserve, engines far beyond their size are stopped (SIGUSR2 to the agent), so
 * that neither the store nor a neighbour pays for them. They are let go (SIGURG) when there is room again.
 */
/** A tenant on a quick disk writes a gigabyte in two seconds. */
const lookEveryMs = 1_000;
/** Counting files takes at most this part of the time. */
const shareOfTime = 10;
const hardLimitFactor = 1.1;
/** So much of the reserve beyond itself must be free: else one that is let go would be stopped again at once. */
const releaseMargin = 0.25;
const gibibyte = 1024 ** 3;

export interface GuardedVolume { instanceId: string; usedBytes: number; sizeGb: number; /** stopped by us, or perhaps by the compute role before us */ isHeld: boolean }
export interface DiskDecision { hold: string[]; release: string[] }

/** In between, things stay as they are. */
export function decideDisk(volumes: readonly GuardedVolume[], freeBytes: number, reserveBytes: number): DiskDecision {
  const isShort = freeBytes < reserveBytes;
  const hasRoom = freeBytes >= reserveBytes * (1 + releaseMargin);
  const ids = (those: (volume: GuardedVolume, sizeBytes: number) => boolean): string[] =>
    volumes.filter((volume) => those(volume, volume.sizeGb * gibibyte)).map((volume) => volume.instanceId);
  return {
    // Held ones as well: a person may have started it since, or its agent is a new one.
    hold: ids((volume, sizeBytes) => isShort && volume.usedBytes > sizeBytes * hardLimitFactor),
    release: ids((volume, sizeBytes) => volume.isHeld && (hasRoom || volume.usedBytes <= sizeBytes)),
  };
}

/** By instance: false where it is not known, because an earlier compute role may have stopped it. */
type HeldInstances = Map<string, boolean>;

export function startDiskGuard(context: ComputeContext): { close(): void } {
  const closing = new AbortController();
  // After a restart of ours the agents alone know who was stopped. To the others it means nothing to be let go.
  const held: HeldInstances = new Map(context.records.all().map((record) => [record.instanceId, false]));
  let timer: NodeJS.Timeout;
  const rest = (forMs: number): void => { timer = setTimeout(() => void turn(), forMs); };
  const turn = async (): Promise<void> => {
    const begunMs = performance.now();
    await look(context, held, closing.signal)
      .catch((error: unknown) => { if (!closing.signal.aborted) context.log.error({ reason: String(error) }, 'the disk could not be looked at'); });
    if (!closing.signal.aborted) rest(Math.max(lookEveryMs, (performance.now() - begunMs) * shareOfTime));
  };
  rest(lookEveryMs);
  return { close: () => { clearTimeout(timer); closing.abort(); } };
}

async function look(context: ComputeContext, held: HeldInstances, signal: AbortSignal): Promise<void> {
  const reserveBytes = context.settings.diskReserveGb * gibibyte;
  const { freeBytes } = await diskSpace(context.paths.home);
  const running = context.records.all().filter((record) => record.desired === 'running' && record.volumeGb > 0 && !context.volumes.of(record).isHard);
  const volumes: GuardedVolume[] = [];
  for (const { instanceId, volumeGb: sizeGb } of running) {
    const isHeld = held.has(instanceId);
    // Counting files costs: only where it decides.
    const counts = freeBytes < reserveBytes || (isHeld && freeBytes < reserveBytes * (1 + releaseMargin));
    const used = counts ? await usedBytes(join(context.records.folder(instanceId), 'volume'), signal) : 0;
    volumes.push({ instanceId, sizeGb, isHeld, usedBytes: used });
  }
  for (const instanceId of held.keys()) if (!running.some((record) => record.instanceId === instanceId)) held.delete(instanceId);
  const decision = decideDisk(volumes, freeBytes, reserveBytes);
  for (const instanceId of decision.hold) {
    if (!(await tell(context, instanceId, (agent) => signalAgent(agent, 'SIGUSR2', signal))) || held.get(instanceId)) continue;
    held.set(instanceId, true);
    context.log.warn({ instance: instanceId, freeBytes }, 'the disk is nearly full and a volume is far beyond its size: its engine is stopped');
  }
  for (const instanceId of decision.release) {
    if (!(await tell(context, instanceId, (agent) => letAgentGo(agent, signal)))) continue;
    if (held.get(instanceId)) context.log.info({ instance: instanceId, freeBytes }, 'there is room again: its engine may run');
    held.delete(instanceId);
  }
}

async function tell(context: ComputeContext, instanceId: string, say: (agent: ProcessIdentity) => Promise<boolean>): Promise<boolean> {
  const agent = context.records.get(instanceId)?.agent;
  return agent !== null && agent !== undefined && isAlive(agent) && say(agent);
}
