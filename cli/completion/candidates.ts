/** What may stand at the cursor: decided from the tree of commands and the words before it. */
import type { Argument, Command, Option } from 'commander';

export interface Candidate { value: string; description: string }
export type Wanted =
  | { kind: 'words'; candidates: Candidate[] }
  /** something that has to be looked up: `instance`, `datastore`, …; `words` are the arguments before it */
  | { kind: 'lookup'; of: string; words: string[] }
  | { kind: 'files' }
  | { kind: 'nothing' };

/** `--until=act` at the cursor is an option and its value in one word: `before` belongs in front of each candidate. */
export function splitLastWord(words: readonly string[]): { words: string[]; before: string } {
  const match = /^(--[\w-]+)=(.*)$/s.exec(words.at(-1) ?? '');
  return match ? { words: [...words.slice(0, -1), match[1]!, match[2]!], before: `${match[1]!}=` } : { words: [...words], before: '' };
}

const isOption = (word: string): boolean => word.startsWith('-') && word !== '-';
const takesValue = (option: Option): boolean => option.required || option.optional;

/** `words` is everything after the program, the one at the cursor last (it may be empty). */
export function decideWanted(program: Command, words: readonly string[]): Wanted {
  const partial = words.at(-1) ?? '';
  let command = program;
  const given: string[] = [];
  let pending: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (pending) { pending = undefined; continue; }
    if (word === '--') return { kind: 'nothing' };
    if (isOption(word)) {
      const option = optionsOf(command).find(({ long, short }) => long === word || short === word);
      if (option && takesValue(option) && !word.includes('=')) pending = option;
      continue;
    }
    const child = given.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (child) command = child;
    else given.push(word);
  }
  if (pending) return valueOf(pending.attributeName(), pending.argChoices, given);
  if (partial.startsWith('-')) return { kind: 'words', candidates: optionsOf(command).filter(({ hidden, long }) => !hidden && long).map(({ long, description }) => ({ value: long!, description })) };
  const explained = command.name() === 'help' ? given.reduce((at: Command | undefined, word) => at?.commands.find((one) => one.name() === word), program) : command;
  const children = (explained?.commands ?? []).filter((one) => !isHidden(one));
  if (children.length > 0) return { kind: 'words', candidates: children.map((one) => ({ value: one.name(), description: one.description() })) };
  const argument = argumentAt(command, given.length);
  return argument ? valueOf(argument.name(), argument.argChoices, given) : { kind: 'nothing' };
}

/** What the line being typed says about server and project, so that names come from there. */
export function globalsAmong(words: readonly string[]): { context?: string; url?: string; project?: string; tokenFile?: string } {
  const valueOfOption = (name: string): string | undefined => {
    const at = words.lastIndexOf(name);
    return at >= 0 && at < words.length - 2 ? words[at + 1] : words.slice(0, -1).findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  };
  const found = { context: valueOfOption('--context'), url: valueOfOption('--url'), project: valueOfOption('--project'), tokenFile: valueOfOption('--token-file') };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

const isHidden = (command: Command): boolean => (command as Command & { _hidden?: boolean })._hidden === true;

/** Its own, and those of every command above it. */
function optionsOf(command: Command): Option[] {
  const own = [...command.options];
  return command.parent ? [...own, ...optionsOf(command.parent)] : own;
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[index] ?? (last?.variadic ? last : undefined);
}

const lookups = ['instance', 'configuration', 'other', 'datastore', 'project', 'context', 'flavor', 'operation', 'user', 'authDatabase', 'database', 'databases', 'token', 'version', 'datastoreVersion', 'visibleTo'];
const files = ['tokenFile', 'passwordFile'];
const statuses = ['active', 'building', 'deleting', 'error', 'stopped', 'unhealthy', 'unknown'];
const fixed: Readonly<Record<string, readonly string[]>> = {
  role: ['viewer', 'editor', 'owner', 'operator'], until: [...statuses, 'deleted'], status: statuses, sort: ['created', 'name'],
  visibility: ['public', 'private'], volumeType: ['directory', 'loop'], autoscale: ['threshold=80,step=5,max=100,cooldown=600'],
  state: ['pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'],
};

function valueOf(name: string, choices: readonly string[] | undefined, words: string[]): Wanted {
  const known = choices ?? fixed[name];
  if (known) return { kind: 'words', candidates: known.map((value) => ({ value, description: '' })) };
  if (files.includes(name)) return { kind: 'files' };
  return lookups.includes(name) ? { kind: 'lookup', of: name, words } : { kind: 'nothing' };
}
