import type { Command } from 'commander';
import { ListDatastoresDocument, ShowDatastoreDocument, type VersionRowFragment } from '../generated/documents.ts';
import type { Client } from '../api/client.ts';
import { defaultLimit, listAll } from '../api/pages.ts';
import { action, type Kit } from '../command/action.ts';
import { notFoundFailure } from '../failure.ts';
import type { Column } from '../output/table.ts';
import { paintWord, type Style } from '../output/style.ts';
import { printable } from '../output/text.ts';
import { addParametersCommand } from './datastore-parameters.ts';
import { addDatastoreVersionCommands, installedText, stateText } from './datastore-version.ts';
import { printList } from './listing.ts';

const versionColumns = (style: Style): Column<VersionRowFragment>[] => [
  { title: 'VERSION', value: ({ name }) => name },
  { title: 'INSTALLED', value: (version) => installedText(version) },
  { title: 'SOURCES', value: ({ source }) => source.kinds.join(', ') },
  { title: 'CAPABILITIES', value: ({ capabilities }) => capabilities.join(' ') },
  { title: 'STATE', value: stateText, paint: (text) => paintWord(style, text) },
  { title: 'VISIBILITY', value: ({ visibility }) => visibility },
  { title: 'END OF LIFE', value: ({ endOfLife }) => endOfLife?.slice(0, 10) },
];

/** Each comes with its versions and their builds, which costs: few at a time. */
const datastoresAtOnce = 10;
export const listDatastores = (client: Client) => listAll(client, ListDatastoresDocument, {}, ({ datastores }) => datastores, defaultLimit, datastoresAtOnce);

export function addDatastoreCommands(program: Command, kit: Kit): void {
  const datastore = program.command('datastore').description('kinds of database servers that can be had here');
  datastore.command('list').description('datastores, their versions and how far their plugins are').action(action(kit, async (session) => {
    const client = await session.client();
    const listed = await listDatastores(client);
    const { style } = session.terminal;
    printList(session, 'datastores', listed, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'VERSIONS', value: ({ versions, defaultVersion }) => versions.edges.map(({ node }) => `${node.name}${node.name === defaultVersion?.name ? '*' : ''}`).join(' ') },
      { title: 'INSTALLED', value: ({ versions }) => (versions.edges.some(({ node }) => !node.source.builds) ? 'unknown' : versions.edges.filter(({ node }) => node.source.installed).map(({ node }) => node.name).join(' ')) },
      { title: 'MATURITY', value: ({ plugin }) => plugin.maturity, paint: (text) => paintWord(style, text) },
      { title: 'DESCRIPTION', value: ({ description }) => description },
    ]);
    if (!session.isJson && listed.nodes.length > 0) session.terminal.note('* what a new instance gets when it names no version');
  }));

  datastore.command('show').description('a datastore: versions, what they can and cannot do, where their binaries come from').argument('<datastore>', 'name or id').action(action<object, [string]>(kit, async (session, _options, name) => {
    const client = await session.client();
    const { datastore: found } = await client.request(ShowDatastoreDocument, { name });
    if (!found) throw notFoundFailure(`there is no datastore "${name}"`, 'See `coffer datastore list`');
    const { terminal } = session;
    if (session.isJson) return terminal.json(found);
    const versions = found.versions.edges.map(({ node }) => node);
    const { plugin } = found;
    const absent = new Map(versions.flatMap(({ absentCapabilities }) => absentCapabilities.map(({ capability, reason }) => [capability, reason] as const)));
    terminal.fields([
      ['name', terminal.style.bold(found.name)],
      ['title', printable(found.title)],
      ['description', printable(found.description)],
      ['default', found.defaultVersion?.name],
      ['maturity', `${paintWord(terminal.style, plugin.maturity)}${plugin.maturityReason ? `: ${printable(plugin.maturityReason)}` : ''}`],
      ['plugin', `${plugin.version}, ${printable(plugin.origin)}${plugin.state === 'READY' ? '' : `, ${terminal.style.red(plugin.state)}`}`],
      ['problem', plugin.problem && printable(plugin.problem)],
      ['absent', [...absent].map(([capability, reason]) => `${capability}: ${printable(reason)}`).join('\n')],
      ['flavors', [...new Set(versions.flatMap(({ flavors }) => flavors.map((flavor) => flavor.name)))].join(' ')],
      ['volume types', [...new Set(versions.flatMap(({ volumeTypes }) => volumeTypes.map((type) => type.name)))].join(' ')],
    ]);
    terminal.line();
    terminal.table(versionColumns(terminal.style), versions);
  }));
  addParametersCommand(datastore, kit);
  addDatastoreVersionCommands(datastore, kit);
}
