/** What each track can be told, made from the server by `node scripts/catalogue.ts mysql`; read when somebody asks. */
import type { ParameterSpec } from '../../../spi/parameters.ts';

const tracks: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  '9.7': () => import('./9.7.json', { with: { type: 'json' } }),
};

export async function catalogueOf(track: string): Promise<readonly ParameterSpec[]> {
  return ((await tracks[track]?.())?.default ?? []) as readonly ParameterSpec[];
}
