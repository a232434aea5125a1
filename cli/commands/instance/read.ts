import { type Command, Option } from 'commander';
import { ListInstancesDocument, PingInstanceDocument, ShowInstanceDocument } from '../../generated/documents.ts';
import { listAll } from '../../api/pages.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { oneOf, someOf, tagFilterOf } from '../../command/parse.ts';
import { Failure, notFoundFailure } from '../../failure.ts';
import { findInstance, projectId } from '../../lookup.ts';
import { printable } from '../../output/text.ts';
import { addLimitOption, type LimitOptions, printList } from '../listing.ts';
import { instanceColumns, instanceFields } from './present.ts';

export const statuses = ['ACTIVE', 'BUILDING', 'DELETING', 'ERROR', 'STOPPED', 'UNHEALTHY', 'UNKNOWN'] as const;
type Status = (typeof statuses)[number];

interface ListOptions extends LimitOptions { status?: Status[]; datastore?: string; tag?: { key: string; value?: string }; deleted?: boolean; sort?: 'CREATED' | 'NAME' }

export function addReadCommands(parent: Command, kit: Kit): void {
  const list = addLimitOption(parent.command('list').description('instances that the token sees'))
    .addOption(new Option('--status <status>', `only with one of these, separated by commas: ${statuses.join(', ').toLowerCase()}`).argParser(someOf(statuses)))
    .option('--datastore <datastore>', 'only of this kind')
    .addOption(new Option('--tag <key[=value]>', 'only with this tag').argParser(tagFilterOf))
    .option('--deleted', 'also deleted ones (operators)')
    .addOption(new Option('--sort <field>', 'created or name').argParser(oneOf(['CREATED', 'NAME'] as const)).default('CREATED', 'created'))
    .action(action<ListOptions>(kit, async (session, { limit, status, datastore, tag, deleted, sort }) => {
      const client = await session.client();
      const project = await projectId(session, client);
      const listed = await listAll(client, ListInstancesDocument, {
        filter: { projectId: project, status, datastore, tag, includeDeleted: deleted },
        orderBy: { field: sort === 'NAME' ? 'NAME' : 'CREATED_AT', direction: 'ASC' },
      }, ({ instances }) => instances, limit);
      const isMixed = new Set(listed.nodes.map((one) => one.project.id)).size > 1;
      printList(session, 'instances', listed, instanceColumns(session.terminal.style, session.terminal.nowMs(), isMixed));
    }));
  addExamples(list, [{ description: 'coffer instance list --status error,unhealthy' }, { does: 'names alone', description: 'coffer instance list --json | jq -r \'.[].name\'' }]);

  parent.command('show').description('everything about one instance').argument('<instance>', 'name or id')
    .option('--ca-certificate', 'print only the CA certificate, for clients that verify the server')
    .action(action<{ caCertificate?: boolean }, [string]>(kit, async (session, { caCertificate: isCertificateOnly }, reference) => {
      const client = await session.client();
      const { id, name } = await findInstance(session, client, reference);
      const { instance } = await client.request(ShowInstanceDocument, { id });
      if (!instance) throw notFoundFailure(`there is no instance "${reference}" any more`);
      const { terminal } = session;
      if (isCertificateOnly) {
        if (!instance.caCertificate) throw new Failure(`${name} has no certificate yet`, { code: 'PRECONDITION.STATE', remedy: `Wait until it is ACTIVE: coffer instance watch ${name}` });
        terminal.line(instance.caCertificate.trimEnd());
      } else if (session.isJson) terminal.json(instance);
      else terminal.fields(instanceFields(instance, terminal.style, terminal.nowMs()));
    }));

  parent.command('ping').description('ask the agent and the engine, now').argument('<instance>', 'name or id')
    .action(action<object, [string]>(kit, async (session, _options, reference) => {
      const client = await session.client();
      const { id, name } = await findInstance(session, client, reference);
      const { agentRoundTripMs, engineRoundTripMs, engineState, detail } = accepted((await client.request(PingInstanceDocument, { input: { instanceId: id } })).result);
      if (session.isJson) session.terminal.json({ agentRoundTripMs, engineRoundTripMs, engineState, detail });
      else session.terminal.fields([['agent', `${agentRoundTripMs.toFixed(1)} ms`], ['engine', engineRoundTripMs === null ? 'no answer' : `${engineRoundTripMs.toFixed(1)} ms`], ['state', engineState], ['detail', detail && printable(detail)]]);
      if (engineRoundTripMs === null) throw new Failure(`the engine of ${name} does not answer`, { code: 'ENGINE.UNAVAILABLE', remedy: `See its conditions: coffer instance show ${name}` });
    }));
}
