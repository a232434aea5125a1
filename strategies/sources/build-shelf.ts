import { chmod, readdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../kernel/log.ts';
import { parseRecord } from './build-record.ts';
import type { BuildRecord } from './build-record.ts';
import { hashBinaries } from './host-source.ts';
import { buildsDirectory, makeDirectory, recordsDirectory } from './paths.ts';

/** Builds on disk and what is known of them. The one writer of records. */
export interface BuildShelf {
  root: string;
  /** every record of a usable build */
  known(): Promise<BuildRecord[]>;
  /** a record by id, whether or not its build is still there */
  recorded(id: string): Promise<BuildRecord | undefined>;
  /** makes the build visible: the last step of an installation */
  publish(record: BuildRecord): Promise<void>;
}

/** In the prefix of a build that was laid out here; written last, so that a tree without it is no build. */
const markerName = '.coffer-build.json';
/** Hashing a host's programs may take 100 ms, so not for each look at the list. */
const hashTimeoutMs = 60_000;

/** Whole or not at all, and readable by others whatever the umask. */
async function replaceFile(path: string, record: BuildRecord): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(record, undefined, 1)}\n`, { flush: true });
  await chmod(draft, 0o644);
  await rename(draft, path);
}

async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return []; throw error; });
  return names.filter((name) => !name.startsWith('.'));
}

const isSameDirectory = async (a: string, b: string): Promise<boolean> => {
  const [one, other] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return one !== undefined && one === other;
};

const readRecord = async (path: string): Promise<BuildRecord | undefined> => parseRecord(await readFile(path, 'utf8').catch(() => ''));

/** Where a build's own marker says that it belongs there; a moved or copied one cannot run, a linked one can. */
async function laidOutRecord(root: string, id: string, log: Log): Promise<BuildRecord | undefined> {
  const prefix = join(buildsDirectory(root), id);
  const record = await readRecord(join(prefix, markerName));
  if (record === undefined || (record.build.id === id && await isSameDirectory(record.build.prefix, prefix))) return record;
  log.warn({ build: id, madeFor: record.build.prefix }, 'a build was moved or copied and cannot be used there; it is installed anew when it is needed');
  return undefined;
}

/** Tells whether the programs of a host build are still those it was recorded with; a hash counts while the files' times stand. */
function createHostCheck(log: Log): (record: BuildRecord) => Promise<boolean> {
  const seen = new Map<string, { stamp: string; isIntact: boolean }>();
  return async ({ build, spec }) => {
    if (build.source !== 'host' || spec.kind !== 'host') return false;
    const times = await Promise.all(spec.binaries.map((name) => stat(join(build.binDir, name)).then((s) => `${s.ino}:${s.size}:${s.mtimeMs}`, () => 'gone')));
    const stamp = times.join();
    const earlier = seen.get(build.id);
    if (earlier?.stamp === stamp) return earlier.isIntact;
    const isIntact = await hashBinaries(build.binDir, spec.binaries, AbortSignal.timeout(hashTimeoutMs)).catch(() => undefined) === build.closureHash;
    if (!isIntact) log.warn({ build: build.id, binDir: build.binDir }, 'the programs of a host build were replaced or removed; it is no longer offered');
    seen.set(build.id, { stamp, isIntact });
    return isIntact;
  };
}

/** `root` is the real path: a build names its loader absolutely. */
export function createBuildShelf(root: string, log: Log): BuildShelf {
  const isHostIntact = createHostCheck(log);
  const records = async (): Promise<BuildRecord[]> => {
    const names = (await namesIn(recordsDirectory(root))).filter((name) => name.endsWith('.json'));
    return (await Promise.all(names.map((name) => readRecord(join(recordsDirectory(root), name))))).filter((r) => r !== undefined);
  };
  return {
    root,
    recorded: async (id) => (await records()).find((r) => r.build.id === id),
    known: async () => {
      const ids = await namesIn(buildsDirectory(root));
      const laidOut = await Promise.all(ids.map((id) => laidOutRecord(root, id, log)));
      const fromHost = await Promise.all((await records()).map(async (r) => r.build.source === 'host' && await isHostIntact(r) ? r : undefined));
      return [...laidOut, ...fromHost].filter((r) => r !== undefined);
    },
    publish: async (record) => {
      await makeDirectory(recordsDirectory(root));
      await replaceFile(join(recordsDirectory(root), `${record.build.id}.json`), record);
      if (record.build.source !== 'host') await replaceFile(join(record.build.prefix, markerName), record);
    },
  };
}
