/** The tree of commands. Nothing happens here: help, completion and the reference page read it as the parser does. */
import { Command, Help } from 'commander';
import type { Kit } from './command/action.ts';
import { addGlobalOptions } from './command/globals.ts';
import { addExamples } from './command/help.ts';
import { addCompletionCommands } from './commands/completion.ts';
import { addConfigurationCommands } from './commands/configuration/index.ts';
import { addContextCommands } from './commands/context.ts';
import { addDatabaseCommands } from './commands/database.ts';
import { addDatastoreCommands } from './commands/datastore.ts';
import { addEngineCommands } from './commands/engine.ts';
import { addEventCommands } from './commands/event.ts';
import { addFlavorCommands } from './commands/flavor.ts';
import { addInstanceCommands } from './commands/instance/index.ts';
import { addOperationCommands } from './commands/operation/index.ts';
import { addPluginCommands } from './commands/plugin.ts';
import { addProjectCommands } from './commands/project.ts';
import { addRootCommands } from './commands/root.ts';
import { addSystemCommand } from './commands/system.ts';
import { addTokenCommands } from './commands/token.ts';
import { addUserCommands } from './commands/user.ts';
import { addVersionCommand } from './commands/version.ts';
import { usageFailure } from './failure.ts';
import { readVersion } from './version.ts';

const parts = [
  addInstanceCommands, addDatabaseCommands, addUserCommands, addRootCommands, addConfigurationCommands, addOperationCommands, addEventCommands, addDatastoreCommands, addFlavorCommands, addEngineCommands,
  addProjectCommands, addTokenCommands, addSystemCommand, addPluginCommands, addContextCommands, addCompletionCommands, addVersionCommand,
];

export function createProgram(kit: Kit): Command {
  const program = new Command('coffer')
    .description('Databases of this installation: make them, watch them, connect to them.')
    .exitOverride()
    .configureOutput({ outputError: (text) => kit.refuse(text.replace(/^error: /, '').trim()) })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false, helpWidth: 100, subcommandTerm: (one) => new Help().subcommandTerm(one).replace(' [options]', '') })
    .showSuggestionAfterError(true)
    .helpOption('-h, --help', 'show help')
    .version(readVersion(), '--version', 'print the version of this client')
    .helpCommand(false);
  addGlobalOptions(program);
  for (const add of parts) add(program, kit);
  // `coffer help` goes to any depth, so groups need none of their own
  for (const group of program.commands) group.helpCommand(false);
  addHelpCommand(program);
  addExamples(program, [
    { does: 'on the machine where Coffer runs, nothing has to be set up', description: 'coffer datastore list' },
    { description: 'coffer instance create shop --datastore postgresql --flavor small --volume 2 --database app --user app' },
    { description: 'coffer instance connect shop' },
    { does: 'elsewhere', description: 'coffer login https://coffer.example.org' },
  ]);
  return program;
}

/** `coffer help instance create`: any depth, as `--help` has it. */
function addHelpCommand(program: Command): void {
  program.command('help').description('help for a command').argument('[command...]').action((words: string[]) => {
    let command = program;
    for (const word of words) {
      const child = command.commands.find((one) => one.name() === word);
      if (!child) throw usageFailure(`there is no command "${words.join(' ')}"`, 'See `coffer --help`');
      command = child;
    }
    command.outputHelp();
  });
}
