/** Values into the server: tried, told live what it takes live, and written for its next start. */
import { type Document, Long } from 'bson';
import { type ConfigureResult, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { refusal, refusalOf } from '../../../spi/refused-values.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { adminDatabase } from '../names.ts';
import { cacheSize, parameterOf } from '../options.ts';
import { files, renderConfig, serverSettings, type Settings, trialSettings, type Tree, valueAt } from './config-file.ts';
import { readTold, textOf, writeOwned, writeTold } from './files.ts';
import { type Admin, asFault, withManagement } from './management.ts';
import { canonicalOf, isSame, look, readServerFile, type Running, runningValue, tellParameters } from './parameters.ts';
import { namedIn, removeTrial, trySettings } from './trial.ts';

/** A refusal leaves file and server as they were: the file is written when the running server has taken what it can. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const catalogue = await catalogueOf(ctx.track);
  const unknown = Object.keys(ctx.parameters).find((name) => !catalogue.some((spec) => spec.name === name));
  if (unknown !== undefined) throw refusal(unknown, 'this version has no such parameter');
  await removeTrial(ctx);
  const text = renderConfig(serverSettings(ctx));
  const changed = text !== (await textOf(files(ctx).server));
  // Values that people chose are tried. Our own need no trial.
  if (changed && Object.keys(ctx.parameters).length > 0) await tryValues(ctx, catalogue);
  if (ctx.engine.pid() === null) return { changed: await writeOwned(ctx, files(ctx).server, text), restartRequired: [] };
  return withManagement(ctx, async (admin) => {
    await setLive(ctx, admin, catalogue);
    await writeOwned(ctx, files(ctx).server, text);
    const told = tellParameters({ catalogue, running: await look(admin), file: await readServerFile(ctx), parameters: ctx.parameters, sizing: ctx.sizing });
    return { changed, restartRequired: told.filter(({ pending }) => pending !== null).map(({ name }) => name) };
  });
}

/** What Coffer owns counts for nothing in a group and is left out. */
async function tryValues(ctx: GuestContext, catalogue: readonly ParameterSpec[]): Promise<void> {
  const owned = new Set(catalogue.flatMap((spec) => (spec.owned === undefined ? [] : spec.name)));
  const group = Object.fromEntries(Object.entries(ctx.parameters).filter(([name]) => !owned.has(name)));
  const words = await trySettings(ctx, ctx.paths.bin, trialSettings(group, ctx));
  const names = Object.keys(group);
  if (words !== null) throw refusalOf(namedIn(words, names), names, words);
}

export interface Change { spec: ParameterSpec; value: string; before: string }

/** One after the other, as the server takes them; all of it, or what was before. */
async function setLive(ctx: GuestContext, admin: Admin, catalogue: readonly ParameterSpec[]): Promise<void> {
  const [running, told, file] = [await look(admin), await readTold(ctx), await readServerFile(ctx)];
  const changes = decideChanges({ catalogue, wanted: serverSettings(ctx), running, file, told });
  if (changes.length === 0) return;
  // Before it is done: who dies in the middle leaves a server that can be told to forget.
  await writeTold(ctx, new Set([...told, ...changes.map(({ spec }) => spec.name)]));
  const done: Change[] = [];
  const undo = async (): Promise<void> => { for (const { spec, before } of done.reverse()) await admin.run(adminDatabase, commandOf(spec, before)); };
  for (const change of changes) {
    const fault = await admin.run(adminDatabase, commandOf(change.spec, change.value)).then(() => null, asFault);
    if (fault !== null) {
      if (!(fault instanceof GuestFault) || fault.code !== 'FAILED') throw fault;
      await undo();
      throw refusal(change.spec.name, fault.message.replace(/^the server refused: /, ''));
    }
    done.push(change);
  }
  const after = await look(admin);
  const other = changes.find(({ spec, value }) => !isSame(spec, runningValue(spec, after) ?? '', value));
  if (!other) return;
  await undo();
  throw refusal(other.spec.name, `it has ${runningValue(other.spec, after) ?? 'nothing'} in its place`);
}

interface Known { catalogue: readonly ParameterSpec[]; wanted: Settings; running: Running; /** as it lies there, from before */ file: Tree; told: ReadonlySet<string> }

/** What the file will have; and for what only an earlier file had, the server's default. */
export function decideChanges({ catalogue, wanted, running, file, told }: Known): Change[] {
  return catalogue.filter(({ apply }) => apply === 'LIVE').flatMap((spec) => {
    const before = runningValue(spec, running);
    const wasTold = told.has(spec.name) || valueAt(running.started, spec.name) !== undefined || valueAt(file, spec.name) !== undefined;
    const value = wanted[spec.name] === undefined ? (wasTold ? spec.default : null) : canonicalOf(spec, wanted[spec.name]);
    return before === null || value === null || isSame(spec, before, value) ? [] : [{ spec, value, before }];
  });
}

function commandOf(spec: ParameterSpec, value: string): Document {
  if (spec.name === cacheSize) return { setParameter: 1, wiredTigerEngineRuntimeConfig: `cache_size=${Math.floor(Number(value) * 1024)}M` };
  return { setParameter: 1, [parameterOf(spec.name) ?? spec.name]: typed(spec, value) };
}

function typed({ type }: ParameterSpec, value: string): unknown {
  switch (type) {
    case 'BOOLEAN': return value === 'true';
    case 'INTEGER': return Number.isSafeInteger(Number(value)) ? Number(value) : Long.fromString(value);
    case 'NUMBER': return Number(value);
    default: return value;
  }
}
