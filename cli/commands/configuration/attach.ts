import type { Command } from 'commander';
import { AttachConfigurationDocument, DetachConfigurationDocument } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { findConfiguration, findInstance } from '../../lookup.ts';
import { printOperation } from '../operation/print.ts';

export function addAttachCommands(parent: Command, kit: Kit): void {
  const attach = addWaitOptions(parent.command('attach').description('give an instance a group; for the same one, apply it anew').argument('<configuration>', 'name or id').argument('<instance>', 'name or id'))
    .option('--replace', 'take the place of the group that it has')
    .action(action<WaitOptions & { replace?: boolean }, [string, string]>(kit, async (session, { wait, replace }, group, reference) => {
      const client = await session.client();
      const input = { configurationId: (await findConfiguration(session, client, group)).id, instanceId: (await findInstance(session, client, reference)).id, replace };
      await printOperation(session, client, accepted((await client.request(AttachConfigurationDocument, { input })).result).operation, wait);
    }));
  addExamples(attach, [{ description: 'coffer configuration attach web shop' }]);

  const detach = addWaitOptions(parent.command('detach').description('take the group off an instance: its engine is as without one').argument('<instance>', 'name or id'))
    .action(action<WaitOptions, [string]>(kit, async (session, { wait }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      await printOperation(session, client, accepted((await client.request(DetachConfigurationDocument, { input: { instanceId: id } })).result).operation, wait);
    }));
  addExamples(detach, [{ description: 'coffer configuration detach shop' }]);
}
