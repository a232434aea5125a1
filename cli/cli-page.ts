/** The reference page of the client: `node cli/cli-page.ts` writes it from the tree of commands, a test keeps it in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { commandExamples, commandPath, exampleLines } from './command/help.ts';
import { exitCodeMeanings } from './failure.ts';
import { createProgram } from './program.ts';

const unused = (): never => { throw new Error('the tree is only read'); };

export function renderCliPage(): string {
  const program = createProgram({ open: unused, openWith: unused, refuse: unused });
  return [
    '# The command line client', '',
    '`npx coffer` inside the checkout (elsewhere npx would fetch another program of that name). To have `coffer` everywhere:',
    '`ln -s "$PWD/cli/bin/coffer.mjs" ~/.local/bin/coffer`, or into any other folder of your `PATH`.',
    'It speaks GraphQL with the gateway and nothing else.', '',
    ...conventions, '## Exit codes', '', '| Code | Meaning |', '|---|---|',
    ...Object.entries(exitCodeMeanings).map(([code, meaning]) => `| ${code} | ${meaning} |`), '',
    '`instance connect` ends with the code of the client program it runs.', '',
    '## Options of every command', '', ...optionTable(program.options),
    '## Commands', '', ...leaves(program).flatMap(section),
    '<!-- Made from the commands by `node cli/cli-page.ts`. -->', '',
  ].join('\n');
}

const conventions = [
  '## Which server, which token', '',
  'In this order: `--url`, `--token-file` and `--context`; the variables `COFFER_URL`, `COFFER_TOKEN` and `COFFER_CONTEXT`; the current context of',
  '`coffer login`, kept in `$XDG_CONFIG_HOME/coffer/config.json` (0600); the installation on this machine, if its `$COFFER_HOME/admin-token` may be read.',
  'A token is sent to the address it belongs to and to no other one. `coffer context show` tells what is used and why. Tokens and passwords are never',
  'arguments: they come from a prompt without echo, standard input, a file or the environment.', '',
  '## Conventions', '',
  '- Names and ids are accepted alike. A name that several projects have needs `--project`, `COFFER_PROJECT` or the id.',
  '- Standard output has the result and nothing else; progress, notes and errors go to standard error.',
  '- `--json` prints one JSON value: what the GraphQL API answers for it, lists as arrays. Streams (`watch`, `event tail`) print an object a line. Errors are',
  '  `{ "error": { code, message, remedy, issues, operation, exitCode } }` on standard error; codes are those of the [error catalogue](errors.md).',
  '- What starts an operation waits for its end, at a terminal as in a script, and fails when the operation does. `--no-wait` returns as soon as it is',
  '  accepted. Ctrl-C ends the client alone: the operation goes on, and the way back to it is printed. A lost connection is resumed where it was.',
  '- `--timeout` ends the client, not what was accepted.',
  '- Generated passwords are told once, in the result or in `--password-file` (made new, 0600: the password alone for one user, else a line `name<TAB>password` each).',
  '- What deletes asks first at a terminal, and needs `--yes` where nobody can be asked.',
  '- Colours are for terminals; `NO_COLOR` or `--no-color` turns them off.', '',
];

const isShown = (command: Command): boolean => !(command as Command & { _hidden?: boolean })._hidden && command.name() !== 'help';

/** Commands that do something, in the order of the help. */
export function leaves(command: Command): Command[] {
  const children = command.commands.filter(isShown);
  return children.length === 0 ? [command] : children.flatMap(leaves);
}

function section(command: Command): string[] {
  const examples = exampleLines(commandExamples(command));
  const usage = [commandPath(command), ...command.registeredArguments.map(argumentText), command.options.length > 0 ? '[options]' : ''].filter((part) => part !== '').join(' ');
  return [
    `### ${commandPath(command).replace(/^coffer /, '')}`, '', sentence(command.description()), '', '```', usage, ...(examples.length > 0 ? ['', ...examples] : []), '```', '',
    ...argumentList(command.registeredArguments.filter(({ description }) => description)),
    ...(command.options.length > 0 ? optionTable(command.options) : []),
  ];
}

const argumentList = (described: readonly Argument[]): string[] => (described.length === 0 ? [] : [...described.map((argument) => `- \`${argumentText(argument)}\`: ${argument.description}`), '']);

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const optionTable = (options: readonly Option[]): string[] => [
  '| Option | Meaning |', '|---|---|',
  ...options.filter(({ hidden }) => !hidden).map((option) => `| \`${cell(option.flags)}\` | ${cell(option.description)}${option.mandatory ? ' (required)' : ''}${defaultText(option)} |`), '',
];
const defaultText = ({ defaultValue, defaultValueDescription, negate }: Option): string =>
  (defaultValue === undefined || negate || typeof defaultValue === 'boolean' ? '' : ` (${String(defaultValueDescription ?? defaultValue)} when left out)`);

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`;

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/reference/cli.md'), renderCliPage());
