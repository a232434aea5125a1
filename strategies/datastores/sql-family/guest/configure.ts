/** Values into the server: in its file, and live what can be. */
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { refusal } from '../../../spi/refused-values.ts';
import { type ConfigureResult, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { optionOf } from '../option-file.ts';
import { identifier } from '../text.ts';
import { isSameValue, statementValue, toEngine } from '../values.ts';
import { SqlError } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';
import { isInitialised, specsOf, writeFiles } from './files.ts';
import { isSilenced, withManagement } from './management.ts';
import { type FileSettings, readFileSettings, readParameters, readVariables, type Variable } from './parameters.ts';
import { decideUntaken, tryServerFile } from './try-config.ts';

type Specs = ReadonlyMap<string, ParameterSpec>;

/** Some values bound others: what was cut short the first time is right the second time. So is what has to be given by name. */
const mostRounds = 2;
const resizing = /resize is already in progress|resize in progress/i;

export async function configure(ctx: GuestContext, dialect: Dialect): Promise<ConfigureResult> {
  const specs = await specsOf(ctx, dialect);
  // Values that people chose are tried before the file of the last ones is gone. Our own need no trial.
  const isTried = Object.keys(ctx.parameters).length > 0 && isInitialised(ctx);
  const changed = await writeFiles(ctx, dialect, isTried ? (file) => tryServerFile(ctx, dialect, specs, file) : undefined);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  return withManagement(ctx, dialect, 'read', async (sql) => {
    const left = await applyLive(ctx, dialect, sql, specs);
    const live = await readParameters(ctx, dialect, sql);
    const waiting = live.filter(({ pending }) => pending !== null).map(({ name }) => name);
    return { changed, restartRequired: [...new Set([...waiting, ...left])].sort() };
  });
}

/** Answers the names of what nobody chose, and the running server has not taken: the next start has it from the file. */
async function applyLive(ctx: GuestContext, dialect: Dialect, sql: Sql, specs: Specs): Promise<string[]> {
  const settings = await readFileSettings(ctx);
  const refused = new Map<string, string>();
  for (let round = 0; round < mostRounds; round++) {
    const changes = decideChanges(specs, settings, await readVariables(sql, dialect), round > 0);
    for (const change of changes) {
      const words = await set(ctx, sql, change);
      if (words !== null) refused.set(change.name, words);
    }
    if (changes.length === 0) break;
  }
  const variables = await readVariables(sql, dialect);
  const live = Object.fromEntries(Object.entries(ctx.parameters).filter(([name]) => specs.get(name)?.apply === 'LIVE'));
  const untaken = decideUntaken(specs, live, (name) => variables.get(name)?.words);
  if (untaken) throw refusal(untaken.name, untaken.words);
  const left = new Set(decideChanges(specs, settings, variables, true).map(({ name }) => name).filter((name) => refused.has(name)));
  for (const name of left) ctx.log.warn({ parameter: name, reason: refused.get(name) }, 'the running server does not take this value: it waits for a restart');
  return [...left];
}

/**
 * What the server takes from another one whenever that is set. Its default is a word for what the server was started with:
 * its own is had by setting the other again, and beside the other's default by its name.
 */
const followers: Readonly<Record<string, string>> = { collation_server: 'character_set_server' };
/** What the server changes by itself while another is on, and leaves so when that is off again. No statement has set it then. */
const adapted: Readonly<Record<string, string>> = { innodb_thread_sleep_delay: 'innodb_thread_concurrency' };

/** A text that is empty by itself has no other word. */
const ownWords = (spec: ParameterSpec): string => (spec.default === '' ? 'null' : statementValue(spec, toEngine(spec, spec.default ?? '')));

export interface Change { name: string; /** for SET GLOBAL */ value: string }

/**
 * What the file has and the server has not; and what the file has no more, or a statement has set since the start: that goes
 * back to the server's own. `isAgain`: its word "default" did not do, since it stands for what the server was started with, or
 * for nothing where the server begins with something: its own is given by name then. Pure.
 */
export function decideChanges(specs: Specs, { now, started }: FileSettings, variables: ReadonlyMap<string, Variable>, isAgain = false): Change[] {
  const [forgotten, wanted, followed]: [Change[], Change[], Change[]] = [[], [], []];
  const leadOf = ({ name, default: own }: ParameterSpec): string => now.get(optionOf(name)) ?? own ?? '';
  const isLeadOwn = (leader: ParameterSpec): boolean => isSameValue(leader, leadOf(leader), leader.default ?? '');
  const isMoved = (name: string): boolean => {
    const mover = specs.get(adapted[name] ?? '');
    return variables.get(name)?.isSet === true || started.has(optionOf(name)) || (mover !== undefined && isLeadOwn(mover) && isMoved(mover.name));
  };
  for (const spec of specs.values()) {
    const { name } = spec;
    const [variable, words] = [variables.get(name), now.get(optionOf(name))];
    if (!variable || spec.apply !== 'LIVE' || spec.owned !== undefined) continue;
    if (words !== undefined && !isSameValue(spec, variable.words, words)) wanted.push({ name, value: statementValue(spec, words) });
    const isOwn = spec.default !== null && isSameValue(spec, variable.words, spec.default);
    if (words !== undefined || isOwn) continue;
    const leader = specs.get(followers[name] ?? '');
    // A leader that was set has changed its follower without a statement of its own, and does so once more when it goes back.
    if (leader && spec.default !== null && isLeadOwn(leader)) {
      if (isMoved(name) || isMoved(leader.name)) followed.push({ name, value: statementValue(spec, spec.default) });
    } else if (isMoved(name)) {
      forgotten.push(leader ? { name: leader.name, value: statementValue(leader, leadOf(leader)) } : { name, value: isAgain && spec.default !== null ? ownWords(spec) : 'default' });
    }
  }
  return [...forgotten, ...wanted.filter((one) => !forgotten.some(({ name }) => name === one.name)), ...followed];
}

/**
 * Null when it is taken; else the server's words, where the group says nothing of it: no parameter of the catalogues needs this
 * (all of them were asked, from the start and live), but a build may be newer than its catalogue.
 */
async function set({ parameters }: GuestContext, sql: Sql, { name, value }: Change): Promise<string | null> {
  try {
    await sql.run([`set global ${identifier(name)} = ${value}`]);
    return null;
  } catch (error) {
    if (!(error instanceof SqlError) || isSilenced(error)) throw error;
    if (resizing.test(error.message)) throw new GuestFault('RETRYABLE', `the server is still changing its memory: ${error.message}`, { cause: error });
    if (Object.hasOwn(parameters, name)) throw refusal(name, error.message);
    return error.message;
  }
}
