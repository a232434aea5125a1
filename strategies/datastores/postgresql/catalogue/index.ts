/** What each track can be told, made from the server by `node scripts/catalogue.ts postgresql`; read when somebody asks. */
import type { ParameterSpec } from '../../../spi/parameters.ts';

const tracks: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  15: () => import('./15.json', { with: { type: 'json' } }),
  17: () => import('./17.json', { with: { type: 'json' } }),
  18: () => import('./18.json', { with: { type: 'json' } }),
};

export async function catalogueOf(track: string): Promise<readonly ParameterSpec[]> {
  return ((await tracks[track]?.())?.default ?? []) as readonly ParameterSpec[];
}
