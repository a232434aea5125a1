import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { isInitialised, ownAll } from './initialise.ts';
import { rolesFolder } from './places.ts';
import { probe } from './probe.ts';
import { start, stop } from './run-state.ts';

/** Puts the management role back as at birth, but with a later time, while the server is stopped. */
export async function repair(ctx: GuestContext): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED', 'the instance has no data to repair');
  const seen = await probe(ctx);
  ctx.signal.throwIfAborted();
  if (seen.state === 'ok' && !seen.managementLost) return;
  await stop(ctx, 'orderly');
  const { writeManagementRole } = await import('./first-role.ts');
  await writeManagementRole(rolesFolder(ctx.paths.data), ctx.managementSecret, Date.now());
  await ownAll(ctx, rolesFolder(ctx.paths.data));
  await start(ctx);
}
