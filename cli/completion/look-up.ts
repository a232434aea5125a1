/** Names that only the server or the configuration knows. Whatever goes wrong gives no candidates: nobody reads errors here. */
import { ConfigurationNamesDocument, DatastoreNamesDocument, InstanceNamesDocument, ListDatabasesDocument, ListFlavorsDocument, ListOperationsDocument, ListProjectsDocument, ListUsersDocument } from '../generated/documents.ts';
import { findInstance, listTokens, projectId, requireProject } from '../lookup.ts';
import { readConfig } from '../session/config-file.ts';
import type { Session } from '../session/session.ts';
import { subjectName } from '../wait/operation-view.ts';
import type { Candidate } from './candidates.ts';

const first = 100;
const named = (nodes: readonly { name: string }[]): Candidate[] => nodes.map(({ name }) => ({ value: name, description: '' }));
/** Several users may have one name. */
const distinct = (names: readonly string[]): Candidate[] => named([...new Set(names)].map((name) => ({ name })));
const nodesOf = <Node>(connection: { edges: readonly { node: Node }[] } | null | undefined): Node[] => connection?.edges.map(({ node }) => node) ?? [];

export async function lookUp(session: Session, of: string, words: readonly string[]): Promise<Candidate[]> {
  if (of === 'context') return Object.entries((await readConfig(session.configPath)).contexts).map(([value, { url }]) => ({ value, description: url }));
  const client = await session.client();
  const instanceId = async (): Promise<string> => (await findInstance(session, client, words[0] ?? '')).id;
  switch (of) {
    case 'instance': return named(nodesOf((await client.request(InstanceNamesDocument, { filter: { projectId: await projectId(session, client) } })).instances));
    case 'configuration': case 'other': return named(nodesOf((await client.request(ConfigurationNamesDocument, { filter: { projectId: await projectId(session, client) } })).configurations));
    case 'datastore': return named(nodesOf((await client.request(DatastoreNamesDocument, {})).datastores));
    case 'version': case 'datastoreVersion': {
      const datastores = nodesOf((await client.request(DatastoreNamesDocument, {})).datastores);
      // an argument stands after its datastore, and may mean any; the option is for new instances
      if (of === 'version') return named(nodesOf(datastores.find(({ name }) => name === words[0])?.versions));
      return datastores.flatMap(({ name, versions }) => nodesOf(versions).filter(({ active }) => active).map((version) => ({ value: version.name, description: name })));
    }
    case 'flavor': return named((await client.request(ListFlavorsDocument, {})).flavors);
    case 'token': return named((await listTokens(client, await requireProject(session, client))).filter(({ revokedAt }) => revokedAt === null));
    case 'project': case 'visibleTo': return named(nodesOf((await client.request(ListProjectsDocument, { first })).projects));
    case 'user': case 'authDatabase': {
      const users = nodesOf((await client.request(ListUsersDocument, { id: await instanceId(), first })).instance?.users);
      if (of === 'user') return distinct(users.map(({ name }) => name));
      // where the named one logs in; where others do for one that is yet to be made
      const called = users.filter(({ name }) => name === words[1]);
      return distinct((called.length > 0 ? called : users).flatMap(({ authDatabase }) => authDatabase ?? []));
    }
    case 'database': case 'databases': return named(nodesOf((await client.request(ListDatabasesDocument, { id: await instanceId(), first })).instance?.databases));
    case 'operation': return nodesOf((await client.request(ListOperationsDocument, { first: 30 })).operations).map((one) => ({ value: one.id, description: `${one.kind} ${subjectName(one) ?? ''} ${one.state}` }));
    default: return [];
  }
}
