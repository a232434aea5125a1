import { type Command, Option } from 'commander';
import { ResizeVolumeDocument } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { wholeNumber } from '../../command/parse.ts';
import { findInstance } from '../../lookup.ts';
import { printOperation } from '../operation/print.ts';

export function addGrowCommand(parent: Command, kit: Kit): void {
  const grow = addWaitOptions(parent.command('grow').description('make the volume larger, under the running engine; volumes do not shrink').argument('<instance>', 'name or id'))
    .addOption(new Option('--volume <gib>', 'its size from now on').argParser(wholeNumber(1, 1_000_000)).makeOptionMandatory())
    .action(action<WaitOptions & { volume: number }, [string]>(kit, async (session, { wait, volume }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      await printOperation(session, client, accepted((await client.request(ResizeVolumeDocument, { input: { instanceId: id, sizeGb: volume } })).result).operation, wait);
    }));
  addExamples(grow, [{ description: 'coffer instance grow shop --volume 20' }]);
}
