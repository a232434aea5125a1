/** Rows for what the plugins bring. What operators deleted keeps its row and does not come back. */
import { newId } from '../../../kernel/ids.ts';
import type { LoadedPlugin } from '../../../strategies/registry.ts';
import type { Tx } from '../../store/tx.ts';

/** Flavors of a fresh installation. */
const firstFlavors = [
  { name: 'nano', vcpus: 0.25, memoryMb: 256 }, { name: 'micro', vcpus: 0.5, memoryMb: 512 }, { name: 'small', vcpus: 1, memoryMb: 1024 },
  { name: 'medium', vcpus: 1, memoryMb: 2048 }, { name: 'large', vcpus: 2, memoryMb: 4096 },
] as const;

/** At every start; several gateways may do it at once. */
export async function seedCatalogue(tx: Tx, plugins: readonly LoadedPlugin[]): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['coffer/catalogue']);
  const [{ n } = { n: 0 }] = await tx.query<{ n: number }>('select count(*)::int as n from flavor');
  if (n === 0) for (const f of firstFlavors) await tx.query('insert into flavor (id, name, vcpus, memory_mb) values ($1, $2, $3, $4)', [newId('Flavor'), f.name, f.vcpus, f.memoryMb]);
  const known = await tx.query<{ key: string }>('select d.name || \'/\' || v.name as key from datastore d join datastore_version v on v.datastore_id = d.id');
  const have = new Set(known.map((k) => k.key));
  for (const plugin of plugins) {
    if (plugin.state !== 'READY') continue;
    const { id: name, tracks } = plugin.plugin.manifest;
    if (tracks.every((t) => have.has(`${name}/${t.name}`))) continue;
    await tx.query('insert into datastore (id, name) values ($1, $2) on conflict (name) do nothing', [newId('Datastore'), name]);
    for (const track of tracks) {
      await tx.query('insert into datastore_version (id, datastore_id, name) select $1, id, $3 from datastore where name = $2 on conflict do nothing', [newId('DatastoreVersion'), name, track.name]);
    }
  }
  const [{ p } = { p: 0 }] = await tx.query<{ p: number }>('select count(*)::int as p from project');
  if (p === 0) await tx.query('insert into project (id, name) values ($1, $2)', [newId('Project'), 'default']);
}
