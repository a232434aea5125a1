/** What operators choose of the versions: which there are, who sees them, and in which flavors. */
import { type Command, Option } from 'commander';
import {
  DeleteVersionDocument, FindVersionDocument, ListVersionsDocument, RegisterVersionDocument, SetDefaultVersionDocument, ShowVersionDocument, type UpdateDatastoreVersionInput, UpdateVersionDocument,
  type VersionChoicesFragment, type VersionDetailsFragment, type VersionRowFragment, type Visibility,
} from '../generated/documents.ts';
import type { Client } from '../api/client.ts';
import { defaultLimit, listAll } from '../api/pages.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { collect, oneOf, wholeNumber } from '../command/parse.ts';
import { notFoundFailure, usageFailure } from '../failure.ts';
import { findProject, type Found } from '../lookup.ts';
import { paintWord } from '../output/style.ts';
import { printable } from '../output/text.ts';
import { confirm } from '../prompt/confirm.ts';
import type { Session } from '../session/session.ts';
import { printList } from './listing.ts';

export const stateText = ({ active, deprecated }: { active: boolean; deprecated: boolean }): string => (!active ? 'INACTIVE' : deprecated ? 'DEPRECATED' : 'ACTIVE');
/** What each version has in common with others of its datastore comes with `datastore show`. */
export const installedText = ({ source }: Pick<VersionRowFragment, 'source'>): string =>
  (source.builds ? source.builds.map(({ version, source: kind }) => `${version} (${kind})`).join(', ') || 'no' : 'unknown');

const isDefault = ({ id, datastore }: VersionChoicesFragment): boolean => datastore.defaultVersion?.id === id;
const flavorNames = ({ flavors }: VersionChoicesFragment): string => flavors.map(({ name }) => name).join(' ');
const datastoresAtOnce = 10;

interface UpdateOptions { active?: boolean; deprecated?: boolean; visibility?: Visibility; visibleTo?: string[]; flavor?: string[]; anyFlavor?: boolean; revision?: number }
const visibilities = ['PUBLIC', 'PRIVATE'] as const satisfies readonly Visibility[];

export function addDatastoreVersionCommands(datastore: Command, kit: Kit): void {
  const version = datastore.command('version').description('versions of a datastore, and what operators choose of them').helpCommand(false);
  const ofVersion = (name: string, description: string): Command => version.command(name).description(description).argument('<datastore>', 'name or id').argument('<version>', 'such as 17');

  version.command('list').description('versions, also those that are not active').argument('[datastore]', 'only of this one; name or id').action(action<object, [string | undefined]>(kit, list));
  ofVersion('show', 'a version: who sees it, and what new instances can have').action(action<object, [string, string]>(kit, async (session, _options, ...words) => {
    const client = await session.client();
    const { node } = await client.request(ShowVersionDocument, { id: (await findVersion(client, ...words)).id });
    if (node?.__typename !== 'DatastoreVersion') throw notFoundFailure(`there is no version ${words.join(' ')} any more`);
    tellVersion(session, node);
  }));
  const register = ofVersion('register', 'offer a version again that was deleted here (operators)').option('--inactive', 'no new instances yet: restrict it first, then activate it')
    .action(action<{ inactive?: boolean }, [string, string]>(kit, async (session, { inactive }, name, wanted) => {
      const client = await session.client();
      tellVersion(session, accepted((await client.request(RegisterVersionDocument, { input: { datastore: name, version: wanted, active: !inactive } })).result).datastoreVersion);
    }));
  addExamples(register, [{ description: 'coffer datastore version register postgresql 15' }]);
  addUpdate(ofVersion, kit);
  addYesOption(ofVersion('delete', 'no longer offer a version; refused while it has instances (operators)')).action(action<YesOptions, [string, string]>(kit, async (session, { yes }, ...words) => {
    const client = await session.client();
    const { id, name } = await findVersion(client, ...words);
    await confirm(session, `This deletes the version ${name} of ${words[0]}`, yes);
    const { datastoreVersion: gone } = accepted((await client.request(DeleteVersionDocument, { input: { datastoreVersionId: id } })).result);
    if (session.isJson) session.terminal.json(gone);
    else session.terminal.line(`${gone.datastore.name} ${gone.name} is deleted`);
  }));
  ofVersion('default', 'what new instances get that name no version (operators)').action(action<object, [string, string]>(kit, async (session, _options, ...words) => {
    const client = await session.client();
    const { id } = await findVersion(client, ...words);
    const { datastore: changed } = accepted((await client.request(SetDefaultVersionDocument, { input: { datastoreVersionId: id } })).result);
    if (session.isJson) session.terminal.json(changed);
    else session.terminal.line(`${changed.name} ${changed.defaultVersion?.name} is the default`);
  }));
}

async function list(session: Session, _options: object, wanted: string | undefined): Promise<void> {
  const client = await session.client();
  const { nodes: datastores } = await listAll(client, ListVersionsDocument, {}, (answer) => answer.datastores, defaultLimit, datastoresAtOnce);
  const chosen = datastores.filter(({ id, name }) => wanted === undefined || name === wanted || id === wanted);
  if (wanted !== undefined && chosen.length === 0) throw missingDatastore(wanted);
  const nodes = chosen.flatMap(({ versions }) => versions.edges.map(({ node }) => node));
  printList(session, 'versions', { nodes, totalCount: nodes.length }, [
    { title: 'DATASTORE', value: ({ datastore: { name } }) => name },
    { title: 'VERSION', value: (one) => `${one.name}${isDefault(one) ? '*' : ''}` },
    { title: 'STATE', value: (one) => stateText(one), paint: (text) => paintWord(session.terminal.style, text) },
    { title: 'VISIBILITY', value: ({ visibility }) => visibility },
    { title: 'FLAVORS', value: flavorNames },
    { title: 'END OF LIFE', value: ({ endOfLife }) => endOfLife?.slice(0, 10) },
    { title: 'ID', value: ({ id }) => id },
  ]);
  if (!session.isJson && nodes.length > 0) session.terminal.note('* what a new instance gets when it names no version');
}

function addUpdate(ofVersion: (name: string, description: string) => Command, kit: Kit): void {
  const command = ofVersion('update', 'what new instances can have, and who can; those that are there stay (operators)')
    .option('--active', 'new instances can have it')
    .option('--no-active', 'no new instances')
    .option('--deprecated', 'warn of it')
    .option('--no-deprecated', 'do not warn of it')
    .addOption(new Option('--visibility <visibility>', 'public or private; public forgets the projects').argParser(oneOf(visibilities)))
    .addOption(new Option('--visible-to <project>', 'private, and these are all projects that see it; may be repeated').argParser(collect))
    .addOption(new Option('--flavor <flavor>', 'these are all that it allows; may be repeated').argParser(collect))
    .option('--any-flavor', 'whichever it works in')
    .addOption(new Option('--revision <number>', 'only if this is still its revision').argParser(wholeNumber(0, 2 ** 31 - 1)))
    .action(action<UpdateOptions, [string, string]>(kit, async (session, options, ...words) => {
      const input = choicesOf(options);
      const client = await session.client();
      const { id } = await findVersion(client, ...words);
      const projects: Found[] = [];
      for (const reference of options.visibleTo ?? []) projects.push(await findProject(client, reference));
      const named = options.visibleTo ? { projects: projects.map((project) => project.id) } : {};
      tellVersion(session, accepted((await client.request(UpdateVersionDocument, { input: { datastoreVersionId: id, ...input, ...named } })).result).datastoreVersion);
    }));
  addExamples(command, [
    { description: 'coffer datastore version update postgresql 15 --deprecated --no-active' },
    { does: 'for two projects alone', description: 'coffer datastore version update postgresql 18 --visible-to web --visible-to lab' },
    { description: 'coffer datastore version update postgresql 17 --flavor small --flavor large' },
  ]);
}

/** Without the projects, which have to be looked up. */
export function choicesOf({ active, deprecated, visibility, visibleTo, flavor, anyFlavor, revision }: UpdateOptions): Omit<UpdateDatastoreVersionInput, 'datastoreVersionId' | 'projects'> {
  if (flavor && anyFlavor) throw usageFailure('--flavor and --any-flavor exclude each other');
  if (visibleTo && visibility === 'PUBLIC') throw usageFailure('--visible-to is for private versions');
  const input = {
    ...(active === undefined ? {} : { active }), ...(deprecated === undefined ? {} : { deprecated }),
    ...(visibleTo ? { visibility: 'PRIVATE' as const } : visibility ? { visibility } : {}), ...(flavor ? { flavors: flavor } : anyFlavor ? { flavors: null } : {}),
  };
  if (Object.keys(input).length === 0) throw usageFailure('nothing to change is named', 'See `coffer datastore version update --help`');
  return { ...input, ...(revision === undefined ? {} : { revision }) };
}

const missingDatastore = (name: string): Error => notFoundFailure(`there is no datastore "${name}"`, 'See `coffer datastore list`');

/** Without a reference the one that a new instance gets. */
export async function findVersion(client: Client, datastore: string, reference: string | undefined): Promise<Found> {
  const { datastore: found } = await client.request(FindVersionDocument, { datastore });
  if (!found) throw missingDatastore(datastore);
  if (reference === undefined) {
    if (found.defaultVersion) return found.defaultVersion;
    throw notFoundFailure(`${found.name} has no version that a new instance could get`, `See \`coffer datastore version list ${found.name}\``);
  }
  const version = found.versions.edges.map(({ node }) => node).find(({ id, name }) => id === reference || name === reference);
  if (!version) throw notFoundFailure(`there is no version "${reference}" of ${found.name}`, `See \`coffer datastore version list ${found.name}\``);
  return version;
}

const projectsText = ({ edges, totalCount }: NonNullable<VersionDetailsFragment['projects']>): string =>
  edges.map(({ node }) => printable(node.name)).join(' ') + (totalCount > edges.length ? ` and ${totalCount - edges.length} more` : '') || 'operators alone';

function tellVersion(session: Session, version: VersionDetailsFragment): void {
  const { terminal } = session;
  if (session.isJson) return terminal.json(version);
  const { projects } = version;
  terminal.fields([
    ['datastore', version.datastore.name],
    ['version', terminal.style.bold(printable(version.name)) + (isDefault(version) ? ', the default' : '')],
    ['id', version.id],
    ['state', paintWord(terminal.style, stateText(version))],
    ['visibility', version.visibility],
    ['visible to', version.visibility === 'PRIVATE' && projects ? projectsText(projects) : null],
    ['flavors', flavorNames(version)],
    ['end of life', version.endOfLife?.slice(0, 10)],
    ['installed', installedText(version)],
    ['sources', version.source.kinds.join(', ')],
    ['capabilities', version.capabilities.join(' ')],
    ['revision', version.revision],
  ]);
}
