import type { Command } from 'commander';
import type { Kit } from '../../command/action.ts';
import { addAttachCommands } from './attach.ts';
import { addChangeCommands } from './change.ts';
import { addMakeCommands } from './make.ts';
import { addReadCommands } from './read.ts';

export function addConfigurationCommands(program: Command, kit: Kit): void {
  const configuration = program.command('configuration').description('configuration groups: parameters for many instances');
  addReadCommands(configuration, kit);
  addMakeCommands(configuration, kit);
  addChangeCommands(configuration, kit);
  addAttachCommands(configuration, kit);
}
