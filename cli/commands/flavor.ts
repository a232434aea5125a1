import { type Command, Option } from 'commander';
import { CreateFlavorDocument, DeleteFlavorDocument, ListFlavorsDocument } from '../generated/documents.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { positiveNumber, wholeNumber } from '../command/parse.ts';
import { notFoundFailure } from '../failure.ts';
import { memoryText } from '../output/units.ts';
import { confirm } from '../prompt/confirm.ts';
import { printList } from './listing.ts';

interface CreateOptions { vcpus: number; memory: number }

export function addFlavorCommands(program: Command, kit: Kit): void {
  const flavor = program.command('flavor').description('sizes that instances can have');
  flavor.command('list').description('flavors, smallest first').action(action(kit, async (session) => {
    const { flavors } = await (await session.client()).request(ListFlavorsDocument, {});
    printList(session, 'flavors', { nodes: flavors, totalCount: flavors.length }, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'VCPUS', value: ({ vcpus }) => vcpus, align: 'right' },
      { title: 'MEMORY', value: ({ memoryMb }) => memoryText(memoryMb), align: 'right' },
      { title: 'ID', value: ({ id }) => id },
    ]);
  }));
  const create = flavor.command('create').description('make a flavor (operators)').argument('<name>', 'lower-case letters, digits and dashes')
    .addOption(new Option('--vcpus <number>', 'processors, such as 0.5').argParser(positiveNumber).makeOptionMandatory())
    .addOption(new Option('--memory <mib>', 'memory').argParser(wholeNumber(1, 2 ** 31 - 1)).makeOptionMandatory())
    .action(action<CreateOptions, [string]>(kit, async (session, { vcpus, memory: memoryMb }, name) => {
      const { flavor: made } = accepted((await (await session.client()).request(CreateFlavorDocument, { input: { name, vcpus, memoryMb } })).result);
      if (session.isJson) session.terminal.json(made);
      else session.terminal.line(`${made.name}  ${made.id}`);
    }));
  addExamples(create, [{ description: 'coffer flavor create huge --vcpus 4 --memory 16384' }]);
  addYesOption(flavor.command('delete').description('remove a flavor that nothing has (operators)').argument('<flavor>', 'name or id')).action(action<YesOptions, [string]>(kit, async (session, { yes }, reference) => {
    const client = await session.client();
    const found = (await client.request(ListFlavorsDocument, {})).flavors.find(({ id, name }) => id === reference || name === reference);
    if (!found) throw notFoundFailure(`there is no flavor "${reference}"`, 'See `coffer flavor list`');
    await confirm(session, `This deletes the flavor ${found.name}`, yes);
    const { flavor: gone } = accepted((await client.request(DeleteFlavorDocument, { input: { flavorId: found.id } })).result);
    if (session.isJson) session.terminal.json(gone);
    else session.terminal.line(`${gone.name} is deleted`);
  }));
}
