/** Values into the server: tried, told live what it takes live, and written for its next start. */
import { type ConfigureResult, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { canonicalValue } from '../../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { readText, writeConfiguration, writeToolConfiguration } from './files.ts';
import { setLive } from './live.ts';
import { waitingNames } from './parameters.ts';
import { configFiles } from './places.ts';
import { renderServerConfig } from './server-config.ts';
import { tryValues } from './trial.ts';

/** A refusal leaves file and server as they were: the file is written when the running server has taken what it can. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const catalogue = await catalogueOf(ctx.track);
  const names = Object.keys(ctx.parameters);
  const [problem] = names.flatMap((name) => problemOf(catalogue, name, ctx.parameters[name]!));
  if (problem !== undefined) throw new GuestFault('REFUSED', problem);
  const hasChanged = await writeToolConfiguration(ctx);
  const text = renderServerConfig(ctx, catalogue);
  // Values that people chose are tried. Our own need no trial.
  if (names.length > 0 && text !== (await readText(configFiles(ctx).server))) await tryValues(ctx, text, names);
  if (ctx.engine.pid() === null) return { changed: (await writeConfiguration(ctx)) || hasChanged, restartRequired: [] };
  await setLive(ctx, catalogue);
  return { changed: (await writeConfiguration(ctx)) || hasChanged, restartRequired: await waitingNames(ctx) };
}

/** What Coffer owns counts for nothing in a group, and is no reason to keep a server down. */
export function problemOf(catalogue: readonly ParameterSpec[], name: string, value: string): string[] {
  const spec = catalogue.find((one) => one.name === name);
  if (spec === undefined) return [`${name}: this version has no such parameter`];
  const read = spec.owned === undefined ? canonicalValue(spec, value) : { value };
  return 'problem' in read ? [`${name} ${read.problem}`] : [];
}
