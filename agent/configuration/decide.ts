/** What follows for the engine's values from what was seen of it. Pure. */
import type { ConfigurationSight } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import { canonicalText } from '../../strategies/spi/parameter-values.ts';
import type { LiveParameter, ParameterSpec } from '../../strategies/spi/parameters.ts';
import type { EngineState } from '../supervisor/engine-view.ts';
import { digestOfValues, type Rejection, type ValueSet } from './value-set.ts';

/** Whether values with which the engine did not start are given up for the last good ones. */
export function decideGiveUp(input: { tried: string; inForce: ValueSet; good: ValueSet | null; isRunning: boolean; isAborted: boolean }): boolean {
  const { tried, inForce, good, isRunning, isAborted } = input;
  // One that runs and is not ready may be at work on its data: it is left alone. An aborted start says nothing of the values.
  if (isRunning || isAborted || good === null) return false;
  // Somebody may have told others meanwhile: they have not been tried.
  return digestOfValues(inForce) === tried && digestOfValues(good) !== tried;
}

/** Whether values that were given up are put in force again: the last good ones are down as well, and nothing was changed since. */
export function decideTakeBack({ rejected, now, isRunning }: { rejected: Rejection; now: { inForce: ValueSet; good: ValueSet | null; before: ValueSet | null; rejected: Rejection | null }; isRunning: boolean }): boolean {
  if (isRunning || now.before !== null || now.good === null || now.rejected === null) return false;
  const isSame = now.rejected.configuration === rejected.configuration && now.rejected.reason === rejected.reason;
  return isSame && digestOfValues(now.inForce) === digestOfValues(now.good);
}

/** Whether an engine that is seen well is known to run with the values in force. */
export function decideGood({ inForce, good, before, startedWith }: { inForce: ValueSet; good: ValueSet | null; before: ValueSet | null; startedWith: string | null }): boolean {
  if (before !== null || startedWith !== digestOfValues(inForce)) return false;
  return good === null || good.configuration !== inForce.configuration || digestOfValues(good) !== startedWith;
}

export interface Seen { restartRequired: string[]; drifted: string[] }

/**
 * Compares what the engine says with what it was given by a group; sizing is `decideSized`'s. A value that
 * waits is what the next start will take: where that is not what was given, or where the engine was started with what was
 * given and has something else now, somebody changed it by hand. What only a start takes and does not wait was not: the engine
 * made another value of it.
 */
export function decideSeen(live: readonly LiveParameter[], parameters: ValueSet['parameters'], isStartedWithThem: boolean, specs: readonly Pick<ParameterSpec, 'name' | 'apply'>[]): Seen {
  const ofStarts = new Set(specs.filter(({ apply }) => apply === 'RESTART').map(({ name }) => name));
  const isDrifted = ({ name, value, pending }: LiveParameter): boolean => {
    const given = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (given === undefined || (pending === null && (value === given || ofStarts.has(name)))) return false;
    return (pending ?? value) !== given || isStartedWithThem;
  };
  const names = (fits: (one: LiveParameter) => boolean): string[] => live.filter(fits).map(({ name }) => name).sort();
  return { restartRequired: names((one) => one.pending !== null && !isDrifted(one)), drifted: names(isDrifted) };
}

const nothingSeen: Seen = { restartRequired: [], drifted: [] };
/** What waited for a restart, or was changed by hand, has gone with an engine that was stopped: its next start takes the files in whole. */
export function decideStillSeen({ seen, engine, wanted }: { seen: Seen | null; engine: EngineState; wanted: 'RUNNING' | 'STOPPED' }): Seen | null {
  return seen !== null && engine === 'down' && wanted === 'STOPPED' ? nothingSeen : seen;
}

/** Sizing by the catalogue's names, canonical: what one process of the engine was seen to run with. */
export interface Sized { process: string; values: Readonly<Record<string, string>> }

/**
 * Sizing is in the engine's own words, and an engine may make something else of them: a size rounded, a number cut to what the
 * machine has. So only what this very process had once, and has not any more without waiting for a restart, was changed by hand.
 * What a group sets, or Coffer owns, does not count.
 */
export function decideSized(input: { live: readonly LiveParameter[]; given: Pick<ValueSet, 'sizing' | 'parameters'>; specs: readonly ParameterSpec[]; process: string; before: Sized | null }): { sized: Sized; drifted: string[] } {
  const { live, given: { sizing, parameters }, specs, process, before } = input;
  const had = new Map(before?.process === process ? Object.entries(before.values) : []);
  const told = new Map(live.map((one) => [one.name, one]));
  const values: Record<string, string> = {};
  const drifted: string[] = [];
  for (const spec of specs) {
    const { name } = spec;
    const one = told.get(name);
    if (!one || spec.owned !== undefined || !Object.hasOwn(sizing, name) || Object.hasOwn(parameters, name)) continue;
    const wanted = canonicalText(spec, sizing[name]!);
    const has = one.pending === null && canonicalText(spec, one.value) === wanted;
    if (has || had.get(name) === wanted) values[name] = wanted;
    if (!has && one.pending === null && had.get(name) === wanted) drifted.push(name);
  }
  return { sized: { process, values }, drifted: drifted.sort() };
}

/**
 * What is told of the values; undefined while nothing is known. Until a Configure has ended, those from before count as the ones the
 * files hold. Of a plugin that cannot tell its parameters only what was given is told, and so it is of an engine that does not run:
 * its next start takes it in whole.
 */
export function decideTold(input: { prepared: boolean; inForce: ValueSet; before: ValueSet | null; rejected: Rejection | null; seen: Seen | null; canRead: boolean; engine: EngineState }): ConfigurationSight | undefined {
  const { prepared, inForce, before, rejected, seen, canRead, engine } = input;
  const isUnread = canRead && seen === null && engine !== 'down' && engine !== 'crash-loop';
  // Given up before the engine was ever read here: what waited went with it.
  if (!prepared || (isUnread && rejected === null)) return undefined;
  return {
    applied: (before ?? inForce).configuration, restartRequired: seen?.restartRequired ?? [], drifted: seen?.drifted ?? [],
    rejected: rejected?.configuration, rejectedReason: rejected?.reason,
  };
}
