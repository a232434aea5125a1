import { type Command, Option } from 'commander';
import {
  DeleteInstanceDocument, type OperationHeadFragment, ResetInstanceDocument, RestartInstanceDocument, StartInstanceDocument, StopInstanceDocument, UpdateInstanceDocument, type UpdateInstanceInput,
} from '../../generated/documents.ts';
import type { Client } from '../../api/client.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, addYesOption, type WaitOptions, type YesOptions } from '../../command/help.ts';
import { type Autoscaling, autoscalingOf, collectTags, maintenanceOf, type Tag, wholeNumber, type Window } from '../../command/parse.ts';
import { usageFailure } from '../../failure.ts';
import { findInstance } from '../../lookup.ts';
import { confirmByName } from '../../prompt/confirm.ts';
import { printOperation } from '../operation/print.ts';
import { instanceFields } from './present.ts';

interface Change { name: string; description: string; request(client: Client, instanceId: string): Promise<OperationHeadFragment> }

const changes: readonly Change[] = [
  { name: 'start', description: 'start a stopped instance', request: async (client, instanceId) => accepted((await client.request(StartInstanceDocument, { input: { instanceId } })).result).operation },
  { name: 'stop', description: 'stop an instance; it stays stopped until it is started', request: async (client, instanceId) => accepted((await client.request(StopInstanceDocument, { input: { instanceId } })).result).operation },
  { name: 'restart', description: 'restart the engine', request: async (client, instanceId) => accepted((await client.request(RestartInstanceDocument, { input: { instanceId } })).result).operation },
  { name: 'reset', description: 'look again, clear the fault and repair the management access (operators)', request: async (client, instanceId) => accepted((await client.request(ResetInstanceDocument, { input: { instanceId } })).result).operation },
];

interface UpdateOptions { tag?: Tag[]; tags?: boolean; deletionProtection?: boolean; maintenance?: Window | false; autoscale?: Autoscaling | false; revision?: number }

export function addLifeCycleCommands(parent: Command, kit: Kit): void {
  for (const { name, description, request } of changes) {
    addWaitOptions(parent.command(name).description(description).argument('<instance>', 'name or id')).action(action<WaitOptions, [string]>(kit, async (session, { wait }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      await printOperation(session, client, await request(client, id), wait);
    }));
  }
  const remove = addYesOption(addWaitOptions(parent.command('delete').description('remove an instance with all its data, whatever state it is in').argument('<instance>', 'name or id')))
    .option('--force', 'do not wait for an agent or host that does not answer')
    .action(action<WaitOptions & YesOptions & { force?: boolean }, [string]>(kit, async (session, { wait, yes, force }, reference) => {
      const client = await session.client();
      const { id, name } = await findInstance(session, client, reference);
      await confirmByName(session, `This deletes the instance ${name} (${id}) and all its data`, name, yes);
      const { operation } = accepted((await client.request(DeleteInstanceDocument, { input: { instanceId: id, force } })).result);
      await printOperation(session, client, operation, wait);
    }));
  addExamples(remove, [{ description: 'coffer instance delete shop' }, { does: 'in a script', description: 'coffer instance delete shop --yes' }]);
  addUpdateCommands(parent, kit);
}

function addUpdateCommands(parent: Command, kit: Kit): void {
  const apply = (toInput: (options: UpdateOptions, argument: string) => Omit<UpdateInstanceInput, 'instanceId'>) => action<UpdateOptions, [string, string]>(kit, async (session, options, reference, argument) => {
    const input = toInput(options, argument);
    const client = await session.client();
    const { id } = await findInstance(session, client, reference);
    const { instance } = accepted((await client.request(UpdateInstanceDocument, { input: { instanceId: id, ...input } })).result);
    if (session.isJson) session.terminal.json(instance);
    else session.terminal.fields(instanceFields(instance, session.terminal.style, session.terminal.nowMs()));
  });
  parent.command('rename').description('give an instance another name').argument('<instance>', 'name or id').argument('<new-name>', 'unique in the project')
    .action(apply((_options, name) => ({ name })));
  const update = parent.command('update').description('change tags, deletion protection, the maintenance window or how the volume grows by itself').argument('<instance>', 'name or id')
    .addOption(new Option('--tag <key=value>', 'these are all of its tags from now on; may be repeated').argParser(collectTags))
    .option('--no-tags', 'remove all tags')
    .option('--deletion-protection', 'refuse to delete it')
    .option('--no-deletion-protection', 'allow to delete it')
    .addOption(new Option('--maintenance <window>', 'day, start in UTC and minutes, such as "sunday 03:00 60"').argParser(maintenanceOf))
    .option('--no-maintenance', 'forget the maintenance window')
    .addOption(new Option('--autoscale <rule>', 'the volume grows by itself, such as threshold=80,step=5,max=100,cooldown=600: per cent, GiB, GiB, seconds').argParser(autoscalingOf))
    .option('--no-autoscale', 'the volume does not grow by itself any more')
    .addOption(new Option('--revision <number>', 'only if this is still its revision').argParser(wholeNumber(0, 2 ** 31 - 1)))
    .action(apply(updateInputOf));
  addExamples(update, [{ description: 'coffer instance update shop --tag team=web --deletion-protection' }, { description: 'coffer instance update shop --maintenance "sunday 03:00 60"' }]);
}

export function updateInputOf({ tag, tags, deletionProtection, maintenance, autoscale, revision }: UpdateOptions): Omit<UpdateInstanceInput, 'instanceId'> {
  if (tag && tags === false) throw usageFailure('--tag and --no-tags exclude each other');
  const input = {
    ...(tag ? { tags: tag } : tags === false ? { tags: [] } : {}),
    ...(deletionProtection === undefined ? {} : { deletionProtection }),
    ...(maintenance === false ? { maintenance: null } : maintenance && typeof maintenance === 'object' ? { maintenance } : {}),
    ...(autoscale === false ? { volumeAutoscaling: null } : autoscale && typeof autoscale === 'object' ? { volumeAutoscaling: autoscale } : {}),
  };
  if (Object.keys(input).length === 0) throw usageFailure('nothing to change is named', 'See `coffer instance update --help`');
  return { ...input, ...(revision === undefined ? {} : { revision }) };
}
