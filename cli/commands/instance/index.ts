import type { Command } from 'commander';
import type { Kit } from '../../command/action.ts';
import { addConnectCommand } from './connect.ts';
import { addCreateCommand } from './create.ts';
import { addGrowCommand } from './grow.ts';
import { addLifeCycleCommands } from './life-cycle.ts';
import { addParametersCommand } from './parameters.ts';
import { addReadCommands } from './read.ts';
import { addResizeCommand } from './resize.ts';
import { addUpgradeCommand } from './upgrade.ts';
import { addWatchCommand } from './watch.ts';

export function addInstanceCommands(program: Command, kit: Kit): void {
  const instance = program.command('instance').description('database servers');
  addCreateCommand(instance, kit);
  addReadCommands(instance, kit);
  addParametersCommand(instance, kit);
  addConnectCommand(instance, kit);
  addWatchCommand(instance, kit);
  addLifeCycleCommands(instance, kit);
  addResizeCommand(instance, kit);
  addGrowCommand(instance, kit);
  addUpgradeCommand(instance, kit);
}
