import type { Command } from 'commander';
import { ResizeInstanceDocument } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { findInstance } from '../../lookup.ts';
import { printOperation } from '../operation/print.ts';

export function addResizeCommand(parent: Command, kit: Kit): void {
  const resize = addWaitOptions(parent.command('resize').description('give an instance another flavor; the engine is restarted only where it asks for that').argument('<instance>', 'name or id'))
    .requiredOption('--flavor <flavor>', 'processor and memory; see `coffer flavor list`')
    .action(action<WaitOptions & { flavor: string }, [string]>(kit, async (session, { wait, flavor }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      await printOperation(session, client, accepted((await client.request(ResizeInstanceDocument, { input: { instanceId: id, flavor } })).result).operation, wait);
    }));
  addExamples(resize, [{ description: 'coffer instance resize shop --flavor medium' }]);
}
