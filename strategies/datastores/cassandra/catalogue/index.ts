/** What each track can be told, made from the server by `node scripts/catalogue.ts cassandra`; read when somebody asks. */
import type { ParameterSpec } from '../../../spi/parameters.ts';

const tracks: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  '5.0': () => import('./5.0.json', { with: { type: 'json' } }),
};

export async function catalogueOf(track: string): Promise<readonly ParameterSpec[]> {
  return ((await tracks[track]?.())?.default ?? []) as readonly ParameterSpec[];
}
