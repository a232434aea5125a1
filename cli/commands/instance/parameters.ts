import type { Command } from 'commander';
import { ListEffectiveParametersDocument } from '../../generated/documents.ts';
import { listAll } from '../../api/pages.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { findInstance } from '../../lookup.ts';
import { answered } from '../database.ts';
import { addLimitOption, type LimitOptions, printList } from '../listing.ts';

interface ParameterOptions extends LimitOptions { search?: string }

export function addParametersCommand(parent: Command, kit: Kit): void {
  const command = addLimitOption(parent.command('parameters').description('parameters of the engine, read from it now, and where their values come from').argument('<instance>', 'name or id'))
    .option('--search <text>', 'only those with this in their name')
    .action(action<ParameterOptions, [string]>(kit, async (session, { limit, search }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const listed = await listAll(client, ListEffectiveParametersDocument, { id, search }, ({ instance }) => answered(instance?.effectiveParameters), limit);
      printList(session, 'parameters', listed, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'VALUE', value: ({ value }) => value },
        { title: 'FROM', value: ({ source }) => source },
        { title: 'SHOULD BE', value: ({ value, wanted }) => (wanted === value ? null : wanted) },
        { title: 'AFTER A RESTART', value: ({ pending }) => pending },
      ]);
    }));
  addExamples(command, [{ description: 'coffer instance parameters shop --search mem' }]);
}
