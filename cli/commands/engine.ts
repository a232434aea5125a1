import type { Command } from 'commander';
import { InstallEngineDocument } from '../generated/documents.ts';
import { accepted } from '../api/refusal.ts';
import { usageFailure } from '../failure.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../command/help.ts';
import { momentText } from '../output/units.ts';
import { listDatastores } from './datastore.ts';
import { addRolloutCommand } from './instance/upgrade.ts';
import { printOperation } from './operation/print.ts';
import { printList } from './listing.ts';

export function addEngineCommands(program: Command, kit: Kit): void {
  const engine = program.command('engine').description('binaries of database servers');
  engine.command('list').description('builds that are installed, and versions that have none yet').action(action(kit, async (session) => {
    const listed = await listDatastores(await session.client());
    const rows = listed.nodes.flatMap(({ name: datastore, versions }) => versions.edges.flatMap(({ node: { name: version, source } }) =>
      (source.builds?.length ? source.builds : [null]).map((build) => ({ datastore, version, build, kinds: source.kinds, absence: source.builds ? 'not installed' : 'no host answers' }))));
    const { nowMs } = session.terminal;
    printList(session, 'engines', { nodes: rows, totalCount: rows.length }, [
      { title: 'DATASTORE', value: ({ datastore }) => datastore },
      { title: 'VERSION', value: ({ version }) => version },
      { title: 'BUILD', value: ({ build }) => build?.version },
      { title: 'SOURCE', value: ({ build, kinds, absence }) => build?.source ?? `${kinds.join(', ')} (${absence})` },
      { title: 'INSTALLED', value: ({ build }) => (build ? momentText(build.installedAt, nowMs()) : null) },
      { title: 'ID', value: ({ build }) => build?.id },
    ]);
  }));
  const install = addWaitOptions(engine.command('install').description('fetch the binaries of a version ahead, so that the first instance need not wait, or a newer build of them (operators)').argument('<datastore>').argument('<version>', 'such as 17'))
    .option('--refresh', 'ask the source for a newer build although one is installed; instances keep theirs until they are upgraded')
    .action(action<WaitOptions & { refresh?: boolean }, [string, string]>(kit, async (session, { wait, refresh }, datastore, version) => {
      const client = await session.client();
      const { operation } = accepted((await client.request(InstallEngineDocument, { input: { datastore, version, refresh } })).result);
      await printOperation(session, client, operation, wait);
    }));
  addExamples(install, [{ description: 'coffer engine install postgresql 17' }, { description: 'coffer engine install postgresql 17 --refresh', does: 'when there are security fixes' }]);
  addRolloutCommand(engine, kit);
  // cli/bin/coffer.mjs hands these two to the host program; here arrives who started this client in another way.
  const onHost = action(kit, () => Promise.reject(usageFailure('files of engines lie on the host: run this there, by cli/bin/coffer.mjs of its checkout')));
  engine.command('export').description('write an engine to a file for a host without network; works on the folder of engines of this machine, not over the API')
    .argument('<datastore>').argument('<version>', 'such as 17; installed first if need be').argument('<file>', 'made new').action(onHost);
  addExamples(engine.command('import').description('install an engine from such a file, without network; every part of it is verified').argument('<file>')
    .option('--sha256 <hash>', 'what the export told of the file; nothing else tells that it is the same').action(onHost),
  [{ description: 'coffer engine export redis 8 redis-8.coffer', does: 'where there is a network' }, { description: 'coffer engine import redis-8.coffer --sha256 4f2c…', does: 'where there is none' }]);
}
