/** What the server tells of what it can be told: settings of its class that the running one has by that name, each one value. */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { readConfigClass, specOf } from './config-class.ts';
import { isLive } from './live.ts';
import { readSettings } from './parameters.ts';

const unspoken = 'The server tells no more of it than its name.';

export async function describe(ctx: GuestContext): Promise<ParameterSpec[]> {
  const running = await readSettings(ctx);
  const told = (await readConfigClass(ctx)).filter(({ name }) => running.has(name));
  return told.flatMap((one) => specOf(one, isLive(one.name) ? 'LIVE' : 'RESTART', unspoken) ?? []);
}
