/** What each track can be told, made from the engine by `node scripts/catalogue.ts`; read when somebody asks. */
import type { ParameterSpec } from '../../../spi/parameters.ts';

const tracks: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  7: () => import('./7.json', { with: { type: 'json' } }),
  8: () => import('./8.json', { with: { type: 'json' } }),
};

export async function catalogueOf(track: string): Promise<readonly ParameterSpec[]> {
  return ((await tracks[track]?.())?.default ?? []) as readonly ParameterSpec[];
}
