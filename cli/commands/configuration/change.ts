import { type Command, Option } from 'commander';
import {
  type ConfigurationRowFragment, DeleteConfigurationDocument, type OperationHeadFragment, PatchConfigurationDocument, ReplaceConfigurationDocument, RestoreConfigurationRevisionDocument,
  RevertConfigurationRolloutDocument,
} from '../../generated/documents.ts';
import type { Client } from '../../api/client.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, addYesOption, type WaitOptions, type YesOptions } from '../../command/help.ts';
import { collect, wholeNumber } from '../../command/parse.ts';
import { usageFailure } from '../../failure.ts';
import { findConfiguration } from '../../lookup.ts';
import { paintWord } from '../../output/style.ts';
import { printable } from '../../output/text.ts';
import { confirm } from '../../prompt/confirm.ts';
import type { Session } from '../../session/session.ts';
import { finish } from '../../wait/wait-operation.ts';
import { tellWarnings } from './present.ts';
import { parseValues, valueArgument } from './values.ts';

interface ChangeOptions extends WaitOptions { waveSize?: number; apply?: boolean; ifRevision?: number }
interface Changed { configuration: ConfigurationRowFragment; operation: OperationHeadFragment | null }

const revisionNumber = wholeNumber(1, 2 ** 31 - 1);
const addWaveOptions = (command: Command): Command => addWaitOptions(command)
  .addOption(new Option('--wave-size <number>', 'how many instances take it at a time; it halts at the first that fails').argParser(wholeNumber(1, 50)).default(1));
const addChangeOptions = (command: Command, isRestore = false): Command => {
  addWaveOptions(command).option('--no-apply', 'save it, and touch no instance');
  return isRestore ? command : command.addOption(new Option('--if-revision <number>', 'only if this is still its newest revision').argParser(revisionNumber));
};
const rolloutOf = ({ waveSize, apply, ifRevision }: ChangeOptions): { waveSize?: number | undefined; apply?: boolean | undefined; revision?: number } => ({ waveSize, apply, ...(ifRevision === undefined ? {} : { revision: ifRevision }) });

export function addChangeCommands(parent: Command, kit: Kit): void {
  const patch = addChangeOptions(parent.command('patch').description('set some values and take others out; with neither, bring the newest revision to instances that do not run it').argument('<configuration>', 'name or id').argument('[values...]', valueArgument))
    .addOption(new Option('--unset <name>', 'take this one out; may be repeated').argParser(collect))
    .action(action<ChangeOptions & { unset?: string[] }, [string, string[]]>(kit, async (session, options, reference, words) => {
      const set = parseValues(words);
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      await tellChanged(session, client, accepted((await client.request(PatchConfigurationDocument, { input: { configurationId: id, set, unset: options.unset, ...rolloutOf(options) } })).result), options.wait);
    }));
  addExamples(patch, [
    { description: 'coffer configuration patch web work_mem=32MB --unset max_connections' },
    { does: 'four instances at a time', description: 'coffer configuration patch web work_mem=32MB --wave-size 4' },
    { does: 'go on after a rollout that was halted', description: 'coffer configuration patch web' },
  ]);

  const replace = addChangeOptions(parent.command('replace').description('give a group all of its values anew, or another name or description').argument('<configuration>', 'name or id').argument('[values...]', `all of them: ${valueArgument}`))
    .option('--name <name>', 'from now on')
    .option('--description <text>', 'from now on')
    .option('--no-values', 'take all values out')
    .action(action<ChangeOptions & { name?: string; description?: string; values?: boolean }, [string, string[]]>(kit, async (session, options, reference, words) => {
      if (options.values === false && words.length > 0) throw usageFailure('--no-values and values exclude each other');
      const values = words.length > 0 || options.values === false ? parseValues(words) : undefined;
      if (values === undefined && options.name === undefined && options.description === undefined) throw usageFailure('nothing to change is named', 'See `coffer configuration replace --help`');
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      const input = { configurationId: id, name: options.name, description: options.description, values, ...rolloutOf(options) };
      await tellChanged(session, client, accepted((await client.request(ReplaceConfigurationDocument, { input })).result), options.wait);
    }));
  addExamples(replace, [{ description: 'coffer configuration replace web --name shop' }, { description: 'coffer configuration replace web work_mem=16MB max_connections=100' }]);

  const restore = addChangeOptions(parent.command('restore').description('make an earlier revision the newest one, on all instances').argument('<configuration>', 'name or id').argument('<revision>', 'see `coffer configuration history`', revisionNumber), true)
    .action(action<ChangeOptions, [string, number]>(kit, async (session, options, reference, revision) => {
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      await tellChanged(session, client, accepted((await client.request(RestoreConfigurationRevisionDocument, { input: { configurationId: id, ...rolloutOf(options), revision } })).result), options.wait);
    }));
  addExamples(restore, [{ description: 'coffer configuration restore web 3' }]);

  const revert = addWaveOptions(parent.command('revert').description('take the latest rollout of a group back on the instances that it reached; its values stay').argument('<operation>', 'id of the rollout'))
    .action(action<ChangeOptions, [string]>(kit, async (session, { waveSize, wait }, operationId) => {
      const client = await session.client();
      await tellChanged(session, client, accepted((await client.request(RevertConfigurationRolloutDocument, { input: { operationId, waveSize } })).result), wait);
    }));
  addExamples(revert, [{ description: 'coffer configuration revert op_…' }]);

  const remove = addYesOption(parent.command('delete').description('remove a group; refused while instances have it').argument('<configuration>', 'name or id'))
    .action(action<YesOptions, [string]>(kit, async (session, { yes }, reference) => {
      const client = await session.client();
      const { id, name } = await findConfiguration(session, client, reference);
      await confirm(session, `This deletes the configuration ${name} with its history`, yes);
      const { configuration } = accepted((await client.request(DeleteConfigurationDocument, { input: { configurationId: id } })).result);
      if (session.isJson) session.terminal.json(configuration);
      else session.terminal.line(`${printable(configuration.name)} is deleted`);
    }));
  addExamples(remove, [{ description: 'coffer configuration delete web' }]);
}

/** Saved already; what comes to the instances is waited for. */
async function tellChanged(session: Session, client: Client, { configuration, operation }: Changed, wait: boolean | undefined): Promise<void> {
  const { terminal } = session;
  tellWarnings(session, configuration.values);
  if (!session.isJson) terminal.line(`${printable(configuration.name)} is at revision ${configuration.revision}`);
  const now = operation && (await finish(session, client, operation, wait !== false));
  if (session.isJson) terminal.json({ configuration, operation: now });
  else if (now) terminal.line(`${now.kind} ${paintWord(terminal.style, now.state)}  ${now.id}`);
  if (!session.isJson && now && wait === false) terminal.note(`Watch it: coffer operation watch ${now.id}`);
}
