/** What `--help` says: commander's own text, examples under it, the options of every command at the end. */
import { type Command, Option } from 'commander';

/**
 * Something people do with a command. The line to type is called a description because it is one: it names engines,
 * which the program itself never does.
 */
export interface Example { description: string; does?: string }

const examplesOf = new WeakMap<Command, readonly Example[]>();

export function addExamples(command: Command, examples: readonly Example[]): Command {
  examplesOf.set(command, examples);
  return command.addHelpText('after', () => `\nExamples:\n${exampleLines(examples).map((line) => `  ${line}`).join('\n')}`);
}

export const exampleLines = (examples: readonly Example[]): string[] =>
  examples.flatMap(({ description, does }) => (does ? [`# ${does}`, description] : [description]));

export const commandExamples = (command: Command): readonly Example[] => examplesOf.get(command) ?? [];

/** Words of a command from the program on: `coffer instance create`. */
export const commandPath = (command: Command): string => (command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name());

export const waitsByDefault = 'wait for the end, showing steps on standard error (the default)';

/** Commands that start an operation: they wait unless told not to, at a terminal as in a script. */
export function addWaitOptions(command: Command): Command {
  return command
    .addOption(new Option('--wait', waitsByDefault))
    .addOption(new Option('--no-wait', 'return as soon as the operation is accepted'));
}
export interface WaitOptions { wait?: boolean }

export interface YesOptions { yes?: boolean }
export const addYesOption = (command: Command): Command => command.option('--yes', 'do not ask');
