import { join } from 'node:path';
import { diskSpace, usedBytes } from '../disk.ts';
import { signalAgent } from '../processes/end.ts';
import { isAlive } from '../processes/proc.ts';
import type { ComputeContext } from './context.ts';

/**
 * A volume is a folder and its size a promise of the tenant's. While the host has room, overstepping is only reported;
 * when free space falls into the host's reserve, engines far beyond their size are stopped (SIGUSR2 to the agent), so
 * that neither the store nor a neighbour pays for them.
 */
const lookEveryMs = 5_000;
const hardLimitFactor = 1.1;
const gibibyte = 1024 ** 3;

export function decideOffenders(volumes: readonly { instanceId: string; usedBytes: number; sizeGb: number }[], freeBytes: number, reserveBytes: number): string[] {
  if (freeBytes >= reserveBytes) return [];
  return volumes.filter((volume) => volume.usedBytes > volume.sizeGb * gibibyte * hardLimitFactor).map((volume) => volume.instanceId);
}

export function startDiskGuard(context: ComputeContext): { close(): void } {
  const closing = new AbortController();
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look(context, closing.signal)
      .catch((error: unknown) => { if (!closing.signal.aborted) context.log.error({ reason: String(error) }, 'the disk could not be looked at'); })
      .finally(() => { looking = false; });
  }, lookEveryMs);
  return { close: () => { clearInterval(timer); closing.abort(); } };
}

async function look(context: ComputeContext, signal: AbortSignal): Promise<void> {
  const reserveBytes = context.settings.diskReserveGb * gibibyte;
  const { freeBytes } = await diskSpace(context.paths.home);
  if (freeBytes >= reserveBytes) return; // counting files costs; only when it matters
  const volumes = [];
  for (const record of context.records.all()) {
    if (record.desired !== 'running' || record.volumeGb === 0) continue;
    const enough = record.volumeGb * gibibyte * hardLimitFactor;
    volumes.push({ instanceId: record.instanceId, sizeGb: record.volumeGb, usedBytes: await usedBytes(join(context.records.folder(record.instanceId), 'volume'), enough, signal) });
  }
  for (const instanceId of decideOffenders(volumes, freeBytes, reserveBytes)) {
    const agent = context.records.get(instanceId)?.agent;
    if (!agent || !(await isAlive(agent))) continue;
    context.log.warn({ instance: instanceId, freeBytes }, 'the disk is nearly full and a volume is far beyond its size: its engine is stopped');
    await signalAgent(agent, 'SIGUSR2', signal);
  }
}
