/** The engine's files, written whole. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { toEngine } from '../values.ts';
import { configFileOf, earlierFileOf, renderConfig, startedFileOf } from './config-file.ts';

export const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

export async function writeOwned(ctx: GuestContext, path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await writeFile(aside, text, { mode: 0o600 });
  await ctx.engine.own(aside, 0o600);
  await rename(aside, path);
}

export async function specsOf(ctx: Pick<GuestContext, 'track'>): Promise<ReadonlyMap<string, ParameterSpec>> {
  return new Map((await catalogueOf(ctx.track)).map((spec) => [spec.name, spec]));
}

/** redis.conf as it is to be. The catalogue is read for an instance that has a group, and for no other. */
export async function wantedConfig(ctx: GuestContext): Promise<string> {
  const given = Object.entries(ctx.parameters);
  const specs = given.length === 0 ? new Map<string, ParameterSpec>() : await specsOf(ctx);
  return renderConfig(ctx, Object.fromEntries(given.map(([name, value]) => {
    const spec = specs.get(name);
    if (!spec) throw new GuestFault('REFUSED', `${name}: this version has no such parameter`);
    return [name, toEngine(spec, value)];
  })));
}

/** Of an engine that does not run: what it finds is all it knows. */
export async function putStartingConfig(ctx: GuestContext): Promise<void> {
  await putConfig(ctx);
  await writeOwned(ctx, startedFileOf(ctx), await wantedConfig(ctx));
  await rm(earlierFileOf(ctx), { force: true });
}

/** Beside a running engine what was replaced is kept until `configure` has told the engine. */
export async function putConfig(ctx: GuestContext): Promise<{ changed: boolean; before: string | null }> {
  const [text, before] = [await wantedConfig(ctx), await readText(configFileOf(ctx))];
  if (text === before) return { changed: false, before };
  if (before !== null && ctx.engine.pid() !== null) await writeOwned(ctx, earlierFileOf(ctx), `${(await readText(earlierFileOf(ctx))) ?? ''}${before}`);
  await writeOwned(ctx, configFileOf(ctx), text);
  return { changed: true, before };
}
