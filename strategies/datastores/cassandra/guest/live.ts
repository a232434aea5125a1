/** What a running server takes: each by a process of its own tool, so only what people change while something is wrong. */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { fromServer } from '../values.ts';
import { runNodetool } from './nodetool.ts';
import { readSettings, type Settings } from './parameters.ts';

const timeout = (kind: string) => (value: string): string[] => ['settimeout', kind, value];
/** By the value as the catalogue counts it: milliseconds, mebibytes a second. */
const commands: Readonly<Record<string, (value: string) => string[]>> = {
  request_timeout: timeout('misc'), read_request_timeout: timeout('read'), range_request_timeout: timeout('range'), write_request_timeout: timeout('write'),
  counter_write_request_timeout: timeout('counterwrite'), cas_contention_timeout: timeout('cascontention'), truncate_request_timeout: timeout('truncate'),
  compaction_throughput: (value) => ['setcompactionthroughput', value],
};
export const isLive = (name: string): boolean => Object.hasOwn(commands, name);

export interface Change { name: string; value: string; before: string }

/** What the group has, and the server's default for the rest: nobody else has a say in these. */
export function decideChanges(catalogue: readonly ParameterSpec[], parameters: Readonly<Record<string, string>>, running: Settings): Change[] {
  return catalogue.filter(({ apply }) => apply === 'LIVE').flatMap((spec) => {
    const told = running.get(spec.name);
    const before = told === undefined || told === null ? null : fromServer(spec, told);
    const value = spec.owned === undefined && Object.hasOwn(parameters, spec.name) ? parameters[spec.name]! : spec.default;
    return before === null || value === null || before === value ? [] : [{ name: spec.name, value, before }];
  });
}

/** All of it, or what was before. */
export async function setLive(ctx: GuestContext, catalogue: readonly ParameterSpec[]): Promise<void> {
  const changes = decideChanges(catalogue, ctx.parameters, await readSettings(ctx));
  if (changes.length === 0) return;
  for (const { name, value } of changes) await runNodetool(ctx, commands[name]!(value));
  const other = decideChanges(catalogue, ctx.parameters, await readSettings(ctx))[0];
  if (other === undefined) return;
  for (const { name, before } of changes) await runNodetool(ctx, commands[name]!(before));
  throw new GuestFault('REFUSED', `${other.name}: the server takes ${other.before} for ${other.value}`);
}
