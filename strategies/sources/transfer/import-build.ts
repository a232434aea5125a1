import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveSource, DebianSource, EngineBuild, EngineSourceSpec } from '../../spi/engine-source.ts';
import { readArtefacts } from '../artefacts/artefact.ts';
import { closureHash, recipeOf } from '../build-record.ts';
import type { BuildShelf } from '../build-shelf.ts';
import type { DebianOptions } from '../debian/options.ts';
import { ensurePatchelf } from '../debian/patchelf.ts';
import { sha256OfFile } from '../file-hash.ts';
import { findMade } from '../lay-out.ts';
import type { BuildPackage } from '../lay-out.ts';
import { keep, keptPath, requireSpace } from '../package-store.ts';
import { downloadsDirectory, makeDirectory, packagesDirectory } from '../paths.ts';
import { scaled } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { restoreFiles } from '../restore-build.ts';
import { bringAgain, EngineSourceError } from '../source-error.ts';
import { descriptionName, entryName, maxDescriptionBytes, parseEngineFile } from './engine-file.ts';
import type { EngineFile } from './engine-file.ts';
import { listTar } from './tar.ts';
import type { TarEntry } from './tar.ts';

interface Limits { signal: AbortSignal; progress: Progress }
/** A file somebody brought, with its description read and the rest not yet. */
export interface OpenEngineFile { path: string; description: EngineFile; entries: ReadonlyMap<string, TarEntry> }

/** Programs grow when they are unpacked; packages were measured at three to four times their download. */
const unpackedFactor = 5;
const filesShare = 0.5;

export async function openEngineFile(path: string): Promise<OpenEngineFile> {
  const list = await listTar(path).catch((error: unknown) => { throw new EngineSourceError('not-found', `${path} cannot be read (${(error as Error).message})`, { cause: error }); });
  const first = list?.[0];
  if (list === undefined || first?.name !== descriptionName || first.sizeBytes > maxDescriptionBytes) throw new EngineSourceError('bad-spec', `${path} is cut off, or not a file that \`engine export\` wrote`);
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(first.sizeBytes), 0, first.sizeBytes, first.offset);
    return { path, description: parseEngineFile(buffer.toString('utf8')), entries: new Map(list.map((entry) => [entry.name, entry])) };
  } finally { await file.close(); }
}

/**
 * The source of this host's own plugin that leads to the same build. The file's word is not taken for it: what is run and
 * where files go is said by the plugin, and the artefacts it pins must be those of the file.
 */
export function chooseSource({ datastore, track, recipe, packages, closureHash: told }: EngineFile, sources: readonly EngineSourceSpec[]): DebianSource | ArchiveSource {
  if (sources.length === 0) throw new EngineSourceError('not-found', `no plugin of this host knows ${datastore} ${track}`);
  const spec = sources.find((one) => recipeOf(one) === recipe);
  if (spec === undefined || spec.kind === 'host') throw new EngineSourceError('bad-spec', `the plugin of this host makes ${datastore} ${track} of something else; export it with the release that runs here`);
  const lacking = readArtefacts(spec.artefacts).find((a) => !packages.some((p) => p.file === a.file && p.sha256 === a.sha256));
  if (lacking !== undefined) throw new EngineSourceError('incomplete', `the file lacks ${lacking.name} ${lacking.version}`);
  if (closureHash(packages) !== told) throw new EngineSourceError('corrupt-package', 'the description in the file contradicts itself', { remedy: bringAgain });
  return spec;
}

/** Brings one file into the store. What is kept under that name is never replaced by something else. */
async function takeIn(root: string, source: OpenEngineFile, item: BuildPackage, directory: string, signal: AbortSignal): Promise<void> {
  const present = await sha256OfFile(keptPath(root, item.file), signal);
  if (present === item.sha256) return;
  if (present !== undefined) throw new EngineSourceError('corrupt-package', `${keptPath(root, item.file)} is another file of that name`, { remedy: 'Remove it if it is damaged.' });
  const entry = source.entries.get(entryName(item.sha256));
  if (entry === undefined) throw new EngineSourceError('incomplete', `the file lacks ${item.file}`);
  const path = join(directory, item.sha256);
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o644);
  try {
    const content = entry.sizeBytes === 0 ? [] : createReadStream(source.path, { start: entry.offset, end: entry.offset + entry.sizeBytes - 1, signal });
    for await (const chunk of content as AsyncIterable<Buffer>) { hash.update(chunk); await file.writeFile(chunk); }
  } finally { await file.close(); }
  if (hash.digest('hex') !== item.sha256) throw new EngineSourceError('corrupt-package', `${item.file} in the file does not have its SHA-256`, { remedy: bringAgain });
  await keep(root, item, path);
}

async function takeAll(root: string, source: OpenEngineFile, { signal, progress }: Limits): Promise<void> {
  const { datastore, track, packages, tool } = source.description;
  const files = [...packages, ...tool];
  // The track's lock is held: what is there is of an attempt that was killed.
  const directory = join(downloadsDirectory(root), `import-${datastore}-${track}`);
  await rm(directory, { recursive: true, force: true });
  for (const path of [packagesDirectory(root), downloadsDirectory(root), directory]) await makeDirectory(path);
  try {
    for (const [at, item] of files.entries()) {
      progress(at / files.length, `reading ${item.file} (${at + 1} of ${files.length})`);
      await takeIn(root, source, item, directory, signal);
    }
  } finally { await rm(directory, { recursive: true, force: true }); }
}

/** Makes the build of a file here, without network; the one that is here already is left as it is. The track's lock is held. */
export async function importBuild(shelf: BuildShelf, options: DebianOptions, source: OpenEngineFile, sources: readonly EngineSourceSpec[], limits: Limits): Promise<EngineBuild> {
  const { description: { datastore, track, packages, tool }, entries } = source;
  const spec = chooseSource(source.description, sources);
  const request = { datastore, track, spec, signal: limits.signal, progress: scaled(limits.progress, filesShare, 1) };
  const present = (await findMade(shelf, request))(packages);
  if (present !== undefined) return present;
  const bytes = [...entries.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
  await requireSpace(shelf.root, bytes * (1 + unpackedFactor));
  await takeAll(shelf.root, source, { ...limits, progress: scaled(limits.progress, 0, filesShare) });
  if (spec.kind === 'debian') await ensurePatchelf(options, limits.signal, tool);
  return await restoreFiles(shelf, options, request, packages);
}
