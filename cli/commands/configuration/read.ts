import type { Command } from 'commander';
import { type ConfigurationDiffInput, type ConfigurationRowFragment, DiffConfigurationDocument, ListConfigurationRevisionsDocument, ListConfigurationsDocument, ShowConfigurationDocument } from '../../generated/documents.ts';
import { listAll } from '../../api/pages.ts';
import type { Client } from '../../api/client.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { notFoundFailure, usageFailure } from '../../failure.ts';
import { findConfiguration, findInstance, projectId } from '../../lookup.ts';
import { ageText } from '../../output/units.ts';
import type { Session } from '../../session/session.ts';
import { addLimitOption, type LimitOptions, printList } from '../listing.ts';
import { attachmentColumns, configurationColumns, configurationFields, valuesText } from './present.ts';

export function addReadCommands(parent: Command, kit: Kit): void {
  addLimitOption(parent.command('list').description('groups that the token sees')).option('--datastore <datastore>', 'only for this kind')
    .action(action<LimitOptions & { datastore?: string }>(kit, async (session, { limit, datastore }) => {
      const client = await session.client();
      const listed = await listAll(client, ListConfigurationsDocument, { filter: { projectId: await projectId(session, client), datastore } }, ({ configurations }) => configurations, limit);
      const isMixed = new Set(listed.nodes.map(({ project }) => project.id)).size > 1;
      printList(session, 'configuration groups', listed, configurationColumns(session.terminal.nowMs(), isMixed));
    }));

  addLimitOption(parent.command('show').description('a group: its values, its instances and what they run').argument('<configuration>', 'name or id'))
    .action(action<LimitOptions, [string]>(kit, async (session, { limit }, reference) => {
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      const { terminal } = session;
      let group: ConfigurationRowFragment | undefined;
      const { nodes, totalCount } = await listAll(client, ShowConfigurationDocument, { id }, ({ configuration }) => {
        if (!configuration) throw gone(reference);
        const { instances, ...row } = configuration;
        group = row;
        return instances;
      }, limit);
      if (session.isJson) terminal.json({ ...group!, instances: nodes });
      else terminal.fields(configurationFields(group!, terminal.style, terminal.nowMs()));
      if (nodes.length === 0) return;
      if (!session.isJson) {
        terminal.line();
        terminal.table(attachmentColumns(group!, terminal.style), nodes);
      }
      if (totalCount > nodes.length) terminal.note(`${nodes.length} of ${totalCount} instances; --limit gives more.`);
    }));

  addLimitOption(parent.command('history').description('its revisions, newest first: who, when, what').argument('<configuration>', 'name or id'))
    .action(action<LimitOptions, [string]>(kit, async (session, { limit }, reference) => {
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      const listed = await listAll(client, ListConfigurationRevisionsDocument, { id }, ({ configuration }) => { if (!configuration) throw gone(reference); return configuration.history; }, limit);
      const nowMs = session.terminal.nowMs();
      printList(session, 'revisions', listed, [
        { title: 'REVISION', value: ({ revision }) => revision, align: 'right' },
        { title: 'CHANGE', value: ({ change, origin }) => `${change}${origin ? ` from ${origin}` : ''}` },
        { title: 'BY', value: ({ actor }) => actor },
        { title: 'AGE', value: ({ at }) => ageText(at, nowMs), align: 'right' },
        { title: 'VALUES', value: ({ values }) => valuesText(values).split('\n').join(' ') },
      ]);
    }));

  const diff = parent.command('diff').description('what is not the same in another group, another revision, or an instance as its engine is now').argument('<configuration>', 'name or id')
    .argument('[other]', 'name or id of another group')
    .option('--revision <number>', 'another revision of the group', Number)
    .option('--instance <instance>', 'an instance')
    .action(action<{ revision?: number; instance?: string }, [string, string | undefined]>(kit, async (session, options, reference, other) => {
      const client = await session.client();
      const { id } = await findConfiguration(session, client, reference);
      const { configuration } = await client.request(DiffConfigurationDocument, { id, to: await targetOf(session, client, other, options) });
      if (!configuration) throw gone(reference);
      const nodes = configuration.diff ?? [];
      if (!session.isJson && nodes.length === 0) session.terminal.note('No difference.');
      else printList(session, 'differences', { nodes, totalCount: nodes.length }, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'HERE', value: ({ from }) => from },
        { title: 'THERE', value: ({ to }) => to },
        { title: 'AFTER A RESTART', value: ({ pending }) => pending },
      ]);
    }));
  addExamples(diff, [{ description: 'coffer configuration diff web staging' }, { description: 'coffer configuration diff web --instance shop' }]);
}

async function targetOf(session: Session, client: Client, other: string | undefined, { revision, instance }: { revision?: number; instance?: string }): Promise<ConfigurationDiffInput> {
  if ([other, revision, instance].filter((one) => one !== undefined).length !== 1) throw usageFailure('name one thing to compare with', 'Another group, --revision <number> or --instance <instance>');
  if (other !== undefined) return { configurationId: (await findConfiguration(session, client, other)).id };
  if (instance !== undefined) return { instanceId: (await findInstance(session, client, instance)).id };
  if (!Number.isInteger(revision)) throw usageFailure('--revision is a number', 'See coffer configuration history');
  return { revision: revision! };
}

const gone = (reference: string): Error => notFoundFailure(`there is no configuration "${reference}" any more`);
