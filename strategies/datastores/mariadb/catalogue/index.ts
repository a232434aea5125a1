/** What each track can be told, made from the server by `node scripts/catalogue.ts mariadb`; read when somebody asks. */
import type { ParameterSpec } from '../../../spi/parameters.ts';

const tracks: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  '10.11': () => import('./10.11.json', { with: { type: 'json' } }),
  '11.8': () => import('./11.8.json', { with: { type: 'json' } }),
};

export async function catalogueOf(track: string): Promise<readonly ParameterSpec[]> {
  return ((await tracks[track]?.())?.default ?? []) as readonly ParameterSpec[];
}
