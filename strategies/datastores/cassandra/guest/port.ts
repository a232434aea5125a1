/** The clients' port, closed for a moment to end every session: the server cannot end a single one. */
import { rm } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import { readText, writeOwned } from './files.ts';
import { runNodetool, type ToolContext } from './nodetool.ts';
import { portClosedFile } from './places.ts';

type PortContext = ToolContext & Pick<GuestContext, 'instanceId'>;

const closing = new Set<string>();
export const isPortClosing = (instanceId: string): boolean => closing.has(instanceId);

export async function closePortForAMoment(ctx: PortContext): Promise<void> {
  closing.add(ctx.instanceId);
  try {
    // On record first: one that is cut off in between leaves a port behind that nobody else would open.
    await writeOwned(ctx, portClosedFile(ctx), '');
    await runNodetool(ctx, ['disablebinary']);
    await openPort(ctx);
  } finally {
    closing.delete(ctx.instanceId);
  }
}

/** True when it was left closed and is open again. */
export async function reopenIfLeftClosed(ctx: PortContext): Promise<boolean> {
  if (isPortClosing(ctx.instanceId) || ctx.engine.pid() === null || (await readText(portClosedFile(ctx))) === null) return false;
  await openPort(ctx);
  return true;
}

async function openPort(ctx: PortContext): Promise<void> {
  await runNodetool(ctx, ['enablebinary']);
  await rm(portClosedFile(ctx), { force: true });
}
