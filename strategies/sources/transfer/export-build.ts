import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { BuildRecord } from '../build-record.ts';
import type { DebianOptions } from '../debian/options.ts';
import { patchelfPackages } from '../debian/patchelf.ts';
import type { BuildPackage } from '../lay-out.ts';
import { keptPath } from '../package-store.ts';
import { megabytes } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { filesOf } from '../restore-build.ts';
import { EngineSourceError } from '../source-error.ts';
import { descriptionName, entryName } from './engine-file.ts';
import type { EngineFile } from './engine-file.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

/** What was written: name its SHA-256 to the other host by another way than the file's. */
export interface ExportedEngine { buildId: string; sizeBytes: number; sha256: string }
interface Limits { signal: AbortSignal; progress: Progress }

/** A file that grows, and its SHA-256. */
function createSink(file: FileHandle): { write(chunk: Buffer): Promise<void>; end(): { sizeBytes: number; sha256: string } } {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return {
    async write(chunk) { await file.writeFile(chunk); hash.update(chunk); sizeBytes += chunk.length; },
    end: () => ({ sizeBytes, sha256: hash.digest('hex') }),
  };
}
type Sink = ReturnType<typeof createSink>;

/** What is kept is checked on its way out: a damaged file never travels. */
async function writeKept(sink: Sink, root: string, item: BuildPackage, signal: AbortSignal): Promise<void> {
  const path = keptPath(root, item.file);
  const size = await stat(path).then((s) => s.size, () => { throw new EngineSourceError('not-found', `the package ${item.file} is no longer kept`); });
  await sink.write(tarHeader(entryName(item.sha256), size));
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) { hash.update(chunk); await sink.write(chunk); }
  if (hash.digest('hex') !== item.sha256) throw new EngineSourceError('corrupt-package', `the kept package ${path} is damaged`, { remedy: 'Remove it, install the engine again, and export then.' });
  await sink.write(tarPadding(size));
}

async function writeAll(sink: Sink, root: string, description: EngineFile, { signal, progress }: Limits): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(description, undefined, 1)}\n`);
  for (const part of [tarHeader(descriptionName, text.length), text, tarPadding(text.length)]) await sink.write(part);
  const files = [...new Map([...description.packages, ...description.tool].map((item) => [item.sha256, item])).values()];
  for (const [at, item] of files.entries()) {
    progress(at / files.length, `writing ${item.file} (${at + 1} of ${files.length})`);
    await writeKept(sink, root, item, signal);
  }
  await sink.write(tarEnd);
}

/** Writes a build of this host to a new file: whole, or not there. */
export async function exportBuild(options: DebianOptions, record: BuildRecord, path: string, limits: Limits): Promise<ExportedEngine> {
  const { build: { id, datastore, track, version, closureHash }, spec, recipe } = record;
  if (spec.kind === 'host') throw new EngineSourceError('bad-spec', `${id} is made of this host's own programs, which a file cannot carry; install them there as here`);
  if (await access(path).then(() => true, () => false)) throw new EngineSourceError('bad-spec', `${path} exists already`);
  const tool = spec.kind === 'debian' ? await patchelfPackages(options, limits.signal) : [];
  const partial = `${path}.partial-${process.pid}`;
  const file = await open(partial, 'wx', 0o644);
  try {
    const sink = createSink(file);
    await writeAll(sink, options.root, { format: 1, datastore, track, version, recipe, closureHash, packages: filesOf(record), tool }, limits);
    await file.sync();
    await rename(partial, path);
    const written = sink.end();
    limits.progress(1, `${megabytes(written.sizeBytes)} MB written`);
    return { buildId: id, ...written };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally { await file.close(); }
}
