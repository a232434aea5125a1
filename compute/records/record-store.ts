import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { typeOfId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import { ensureFolder, writeFileAtomically } from '../files.ts';
import { type GuestRecord, type Tombstone, tombstoneDays } from './guest-record.ts';

/** The records of all guests of this host: in memory, each change first on disk. */
export interface RecordStore {
  all(): GuestRecord[];
  get(instanceId: string): GuestRecord | undefined;
  /** Durable when it resolves. */
  put(record: GuestRecord): Promise<void>;
  /** In memory only: for a disk that takes nothing more. */
  putVolatile(record: GuestRecord): void;
  forget(instanceId: string): void;
  tombstone(instanceId: string): Tombstone | undefined;
  bury(tombstone: Tombstone): Promise<void>;
  folder(instanceId: string): string;
}

export async function openRecordStore(instances: string, log: Log, now: Date): Promise<RecordStore> {
  const graves = join(instances, '.tombstones');
  await ensureFolder(graves, 0o700, null);
  const records = await loadRecords(instances, log);
  const tombstones = await loadTombstones(graves, now);
  const folder = (id: string): string => join(instances, id);
  return {
    all: () => [...records.values()],
    get: (id) => records.get(id),
    async put(record) {
      await ensureFolder(folder(record.instanceId), 0o711, null);
      await writeFileAtomically(join(folder(record.instanceId), 'guest.json'), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
      records.set(record.instanceId, record);
    },
    putVolatile: (record) => { records.set(record.instanceId, record); },
    forget: (id) => { records.delete(id); },
    tombstone: (id) => tombstones.get(id),
    async bury(tombstone) {
      tombstones.set(tombstone.instanceId, tombstone);
      await writeFileAtomically(join(graves, `${tombstone.instanceId}.json`), JSON.stringify(tombstone), { mode: 0o600 });
    },
    folder,
  };
}

/** Read without a store, by `stop` and `reset`: those must work whatever else does not. */
export async function loadRecords(instances: string, log: Log): Promise<Map<string, GuestRecord>> {
  const records = new Map<string, GuestRecord>();
  for (const name of await readdir(instances).catch(() => [])) {
    if (typeOfId(name) !== 'Instance') continue;
    const record = await readJson<GuestRecord>(join(instances, name, 'guest.json'));
    if (record?.instanceId === name && record.version === 1) records.set(name, record);
    else log.error({ instance: name }, 'guest.json cannot be read: the guest is left alone until it is destroyed');
  }
  return records;
}

async function loadTombstones(graves: string, now: Date): Promise<Map<string, Tombstone>> {
  const tombstones = new Map<string, Tombstone>();
  for (const name of await readdir(graves)) {
    const path = join(graves, name);
    const ageDays = (now.getTime() - (await stat(path)).mtimeMs) / 86_400_000;
    const tombstone = ageDays > tombstoneDays ? undefined : await readJson<Tombstone>(path);
    if (tombstone) tombstones.set(tombstone.instanceId, tombstone);
    else await rm(path, { force: true });
  }
  return tombstones;
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
