/** Values of a configuration group into the engine and out of it: in the file, live what can be, and read back. */
import { rm } from 'node:fs/promises';
import { GuestFault } from '@coffer/plugin-sdk';
import { specsOf } from './catalogue.js';
import { configOf, earlierOf, pairsOf, parseConfig, put, putConfig, readText, startedOf, wantedConfig } from './files.js';
import { ask } from './management.js';
import { fromEngine, isSame, toEngine } from './values.js';

const parserTimeoutMs = 5_000;

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */
/** @typedef {import('@coffer/plugin-sdk').ParameterSpec} Spec */

const refusal = (/** @type {string} */ name, /** @type {string} */ words) => new GuestFault('REFUSED', `${name}: the engine refuses this value: ${words || 'it does not say why'}`);

/** A refusal leaves file and engine as they were. @type {import('@coffer/plugin-sdk').GuestHalf['configure']} */
export async function configure(ctx) {
  await assertReadable(ctx);
  const before = await readText(configOf(ctx));
  const changed = await putConfig(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  try {
    await setLive(ctx);
  } catch (error) {
    if (changed && before !== null && error instanceof GuestFault && error.code === 'REFUSED') await put(ctx, configOf(ctx), before);
    throw error;
  }
  await rm(earlierOf(ctx), { force: true });
  return { changed, restartRequired: (await read(ctx)).filter(({ pending }) => pending !== null).map(({ name }) => name) };
}

/** The engine's own parser judges a group's values first. Behind them comes a line that keeps it from starting. */
async function assertReadable(/** @type {Context} */ ctx) {
  const text = await wantedConfig(ctx);
  if (Object.keys(ctx.parameters).length === 0 || text === (await readText(configOf(ctx)))) return;
  const { stderr } = await ctx.engine.run({ command: `${ctx.paths.bin}/valkey-server`, args: ['-'], stdin: `${text}"`, timeoutMs: parserTimeoutMs });
  const [, line, words = ''] = /at line (\d+)\n>>> .*\n(.*)/.exec(stderr) ?? [];
  const name = text.split('\n')[Number(line) - 1]?.split(' ')[0];
  if (name) throw refusal(name, words);
}

/** What the file has, and for what only an earlier file had the engine's default: all of it at once, or nothing. */
async function setLive(/** @type {Context} */ ctx) {
  const [running, specs] = [await readRunning(ctx), await specsOf(ctx.track)];
  const missing = Object.keys(ctx.parameters).find((name) => !running.has(name));
  if (missing !== undefined) throw refusal(missing, `version ${ctx.version} does not have it`);
  const wanted = parseConfig(await readText(configOf(ctx)));
  for (const name of parseConfig(await readText(earlierOf(ctx))).keys()) {
    const spec = specs.get(name);
    if (spec && spec.default !== null && !wanted.has(name)) wanted.set(name, toEngine(spec, spec.default));
  }
  const isOther = (/** @type {Map<string, string>} */ engine) => (/** @type {[string, string]} */ [name, words]) => {
    const [spec, now] = [specs.get(name), engine.get(name)];
    return spec?.apply === 'LIVE' && now !== undefined && !isSame(spec, now, words);
  };
  const changes = [...wanted].filter(isOther(running));
  if (changes.length === 0) return;
  await set(ctx, changes);
  const after = await readRunning(ctx);
  const other = changes.find(isOther(after));
  if (!other) return;
  await set(ctx, changes.map(([name]) => [name, running.get(name) ?? '']));
  throw refusal(other[0], `it takes ${after.get(other[0])} for ${other[1]}`);
}

async function set(/** @type {Context} */ ctx, /** @type {[string, string][]} */ pairs) {
  try {
    await ask(ctx, ['CONFIG', 'SET', ...pairs.flat()]);
  } catch (error) {
    const [, name, words = ''] = /related to argument '([^']+)'\)(?: - )?(.*)/.exec(error instanceof GuestFault && error.code === 'REFUSED' ? error.message : '') ?? [];
    throw name === undefined ? error : refusal(name, words);
  }
}

async function readRunning(/** @type {Context} */ ctx) {
  const [told] = await ask(ctx, ['CONFIG', 'GET', '*']);
  return pairsOf(told);
}

/** @type {NonNullable<import('@coffer/plugin-sdk').GuestHalf['configuration']>['read']} */
export async function read(ctx) {
  const [running, specs] = [await readRunning(ctx), await specsOf(ctx.track)];
  const [file, started] = [parseConfig(await readText(configOf(ctx))), parseConfig(await readText(startedOf(ctx)))];
  // As the group spells it, where it means the same.
  const told = (/** @type {Spec} */ spec, /** @type {string} */ words) => {
    const given = ctx.parameters[spec.name];
    return given !== undefined && isSame(spec, toEngine(spec, given), words) ? given : fromEngine(spec, words);
  };
  return [...specs.values()].flatMap((spec) => {
    const now = running.get(spec.name);
    if (now === undefined) return [];
    // What neither file has is as this build has it: its default need not be the catalogue's.
    const next = file.get(spec.name) ?? (started.has(spec.name) && spec.default !== null ? toEngine(spec, spec.default) : now);
    return [{ name: spec.name, value: told(spec, now), pending: spec.apply === 'LIVE' || isSame(spec, now, next) ? null : told(spec, next) }];
  });
}
