/** Values into the engine and out of it: in the file, live what can be, and read back. */
import { rm } from 'node:fs/promises';
import { GuestFault, type ConfigureResult, type GuestContext } from '../../../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';
import { fromEngine, isSameValue, toEngine } from '../values.ts';
import { configFileOf, earlierFileOf, parseConfig, startedFileOf } from './config-file.ts';
import { putConfig, readText, specsOf, wantedConfig, writeOwned } from './files.ts';
import { ask } from './management.ts';

type Specs = ReadonlyMap<string, ParameterSpec>;
/** Name → value in the engine's words. */
type Words = ReadonlyMap<string, string>;

const parserTimeoutMs = 5_000;
/** that the engine keeps for itself */
const ownFiles = 32;

/** A refusal leaves file and engine as they were. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  await assertReadable(ctx);
  if (ctx.engine.pid() === null) await assertOpenable(ctx);
  const { changed, before } = await putConfig(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  const specs = await specsOf(ctx);
  try {
    await setLive(ctx, specs);
  } catch (error) {
    if (changed && before !== null && error instanceof GuestFault && error.code === 'REFUSED') await writeOwned(ctx, configFileOf(ctx), before);
    throw error;
  }
  await rm(earlierFileOf(ctx), { force: true });
  const read = await readParameters(ctx);
  return { changed, restartRequired: read.filter(({ pending }) => pending !== null).map(({ name }) => name) };
}

/**
 * The engine's own parser judges a file with a group's values before anybody relies on it: also those that are only taken at a
 * start. It reads all lines before the last, which cannot be read and keeps a server from starting.
 */
async function assertReadable(ctx: GuestContext): Promise<void> {
  const text = await wantedConfig(ctx);
  if (Object.keys(ctx.parameters).length === 0 || text === (await readText(configFileOf(ctx)))) return;
  const { stderr } = await ctx.engine.run({ command: `${ctx.paths.bin}/redis-server`, args: ['-'], stdin: `${text}"`, timeoutMs: parserTimeoutMs });
  const [, line, words] = /at line (\d+)\n>>> .*\n(.*)/.exec(stderr) ?? [];
  const name = line === undefined ? undefined : text.split('\n')[Number(line) - 1]?.split(' ')[0];
  if (name) throw refusal(name, words ?? 'it does not say why');
}

/**
 * A running engine refuses more clients than it can open files for; one that starts takes fewer and says so in its log alone. What
 * its file has already is not judged: an engine comes up where a host has come to allow less.
 */
async function assertOpenable(ctx: GuestContext): Promise<void> {
  const { maxclients } = ctx.parameters;
  if (maxclients === undefined || parseConfig((await readText(configFileOf(ctx))) ?? '').get('maxclients') === maxclients) return;
  // of this process, and so of the engine that it starts; NaN where there is no limit
  const files = Number(/^Max open files +\S+ +(\S+)/m.exec((await readText('/proc/self/limits')) ?? '')?.[1]);
  if (Number(maxclients) + ownFiles > files) throw refusal('maxclients', `the system lets a process open ${files} files, which is enough for ${files - ownFiles} clients`);
}

const refusal = (name: string, words: string): GuestFault => new GuestFault('REFUSED', `${name}: the engine refuses this value: ${words}`);

/** What the file has, and for what only an earlier file had the engine's default: all of it at once, or nothing. */
async function setLive(ctx: GuestContext, specs: Specs): Promise<void> {
  const running = await readRunning(ctx);
  const file = parseConfig((await readText(configFileOf(ctx))) ?? '');
  const wanted = new Map(file);
  for (const name of parseConfig((await readText(earlierFileOf(ctx))) ?? '').keys()) {
    const spec = specs.get(name);
    if (spec && spec.default !== null && !file.has(name)) wanted.set(name, toEngine(spec, spec.default));
  }
  const missing = Object.keys(ctx.parameters).find((name) => !running.has(name));
  if (missing !== undefined) throw refusal(missing, `version ${ctx.version} does not have it`);
  const changes = [...wanted].filter(([name, words]) => isLive(specs.get(name)) && isOther(specs, running, name, words));
  if (changes.length === 0) return;
  await set(ctx, changes);
  const after = await readRunning(ctx);
  const [other] = changes.filter(([name, words]) => isOther(specs, after, name, words));
  if (!other) return;
  await set(ctx, changes.map(([name]) => [name, running.get(name)!]));
  throw refusal(other[0], `it takes ${after.get(other[0])} for ${other[1]}`);
}

const isLive = (spec: ParameterSpec | undefined): boolean => spec?.apply === 'LIVE';
function isOther(specs: Specs, running: Words, name: string, words: string): boolean {
  const [spec, now] = [specs.get(name), running.get(name)];
  return spec !== undefined && now !== undefined && !isSameValue(spec, now, words);
}

async function set(ctx: GuestContext, pairs: readonly (readonly [string, string])[]): Promise<void> {
  try {
    await ask(ctx, 'CONFIG', 'SET', ...pairs.flat());
  } catch (error) {
    const [, name, words] = (error instanceof GuestFault && error.code === 'REFUSED' && /related to argument '([^']+)'\)(?: - )?(.*)/.exec(error.message)) || [];
    throw name === undefined ? error : refusal(name, words || 'it does not say why');
  }
}

async function readRunning(ctx: GuestContext): Promise<Words> {
  const told = (await ask(ctx, 'CONFIG', 'GET', '*')) as string[];
  return new Map(told.flatMap((name, i) => (i % 2 === 0 ? [[name, told[i + 1] ?? ''] as const] : [])));
}

export async function readParameters(ctx: GuestContext): Promise<LiveParameter[]> {
  const [running, specs] = [await readRunning(ctx), await specsOf(ctx)];
  const file = parseConfig((await readText(configFileOf(ctx))) ?? '');
  const started = parseConfig((await readText(startedFileOf(ctx))) ?? '');
  return [...specs.values()].flatMap((spec) => {
    const now = running.get(spec.name);
    if (now === undefined) return [];
    // what neither file has is as this build has it: its default need not be the catalogue's
    const next = file.get(spec.name) ?? (started.has(spec.name) && spec.default !== null ? toEngine(spec, spec.default) : now);
    const isPending = !isLive(spec) && !isSameValue(spec, now, next);
    return [{ name: spec.name, value: asGiven(ctx, spec, now), pending: isPending ? asGiven(ctx, spec, next) : null }];
  });
}

/** In the group's own spelling where it means what the engine has. */
function asGiven(ctx: GuestContext, spec: ParameterSpec, words: string): string {
  const given = ctx.parameters[spec.name];
  return given !== undefined && isSameValue(spec, toEngine(spec, given), words) ? given : fromEngine(spec, words);
}
