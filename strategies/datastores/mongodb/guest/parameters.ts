/** What the running server has, what it was started with, and what its next start will take. */
import { readFile } from 'node:fs/promises';
import type { Document } from 'bson';
import { canonicalValue } from '../../../spi/parameter-values.ts';
import type { GuestContext } from '../../../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { adminDatabase } from '../names.ts';
import { cacheSize, parameterOf } from '../options.ts';
import { files, type Tree, valueAt } from './config-file.ts';
import { type Admin, withManagement } from './management.ts';

export interface Running {
  /** server parameters by their own names */
  parameters: Document;
  cacheBytes: number;
  /** the options it was started with, as its file had them */
  started: Tree;
}

const bytesPerMb = 1024 ** 2;
const mbPerGb = 1024;

export async function look(admin: Admin): Promise<Running> {
  const [parameters, { parsed }, { wiredTiger }] = await Promise.all([
    admin.run(adminDatabase, { getParameter: '*' }),
    admin.run(adminDatabase, { getCmdLineOpts: 1 }),
    // without long sections that nobody needs here
    admin.run(adminDatabase, { serverStatus: 1, metrics: 0, locks: 0, tcmalloc: 0 }),
  ]);
  return { parameters, started: parsed as Tree, cacheBytes: Number((wiredTiger as { cache: Document }).cache['maximum bytes configured']) };
}

/** The file as it lies there: what the next start takes. */
export async function readServerFile(ctx: Pick<GuestContext, 'paths'>): Promise<Tree> {
  const text = await readFile(files(ctx).server, 'utf8').catch(() => '{}');
  try {
    return JSON.parse(text) as Tree;
  } catch {
    // Somebody wrote it: the server may read it, we need not.
    return {};
  }
}

export async function readParameters(ctx: GuestContext): Promise<LiveParameter[]> {
  const [running, file, catalogue] = [await withManagement(ctx, look), await readServerFile(ctx), await catalogueOf(ctx.track)];
  return tellParameters({ catalogue, running, file, parameters: ctx.parameters, sizing: ctx.sizing });
}

type Values = Readonly<Record<string, string>>;
interface Told { catalogue: readonly ParameterSpec[]; running: Running; file: Tree; parameters: Values; sizing: Values }

/** An option that nobody set and that has no default is not told. */
export function tellParameters({ catalogue, running, file, parameters, sizing }: Told): LiveParameter[] {
  return catalogue.flatMap((spec) => {
    const value = runningValue(spec, running);
    const pending = pendingValue(spec, running, file);
    if (value === null && pending === null) return [];
    const given = parameters[spec.name] ?? sizing[spec.name];
    const isAsGiven = given !== undefined && value !== null && isSame(spec, value, canonicalOf(spec, given));
    return [{ name: spec.name, value: isAsGiven ? canonicalOf(spec, given) : value ?? '', pending }];
  });
}

/** Canonical; null: the server was not told, and has nothing of it by itself. */
export function runningValue(spec: ParameterSpec, { parameters, started, cacheBytes }: Running): string | null {
  if (spec.name === cacheSize) return canonicalOf(spec, cacheBytes / bytesPerMb / mbPerGb);
  const parameter = parameterOf(spec.name);
  const value = parameter === undefined ? valueAt(started, spec.name) : (parameters[parameter] as unknown);
  return value === undefined ? (parameter === undefined ? spec.default : null) : canonicalOf(spec, value);
}

/** What only a start takes, and the last one did not; empty: what the server will work out. What was fixed when the data were made does not wait. */
function pendingValue(spec: ParameterSpec, { started }: Running, file: Tree): string | null {
  if (spec.apply !== 'RESTART') return null;
  const [now, next] = [valueAt(started, spec.name), valueAt(file, spec.name)].map((value) => (value === undefined ? spec.default : canonicalOf(spec, value)));
  return next === now ? null : next ?? '';
}

/** The server counts its cache in whole megabytes. */
export const isSame = ({ name }: Pick<ParameterSpec, 'name'>, a: string, b: string): boolean =>
  a === b || (name === cacheSize && Math.floor(Number(a) * mbPerGb) === Math.floor(Number(b) * mbPerGb));

/** What the server has outside a group's bounds is told as it is. */
export function canonicalOf(spec: ParameterSpec, value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  const read = canonicalValue({ ...spec, min: null, max: null }, text);
  return 'value' in read ? read.value : text;
}
