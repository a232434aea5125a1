/** Names become ids. Ids have an underscore and names of Coffer's things never do, so no one is taken for the other. */
import {
  FindConfigurationDocument, FindConfigurationsDocument, FindInstanceDocument, FindInstancesDocument, ListOperationsDocument, ListProjectsDocument, ListTokensDocument, type TokenRowFragment, ViewerDocument,
} from './generated/documents.ts';
import type { Client } from './api/client.ts';
import { listAll } from './api/pages.ts';
import { notFoundFailure, usageFailure } from './failure.ts';
import type { Session } from './session/session.ts';

export interface Found { id: string; name: string }
export const isId = (reference: string, prefix: string): boolean => reference.startsWith(`${prefix}_`);

/** Of `--project`, COFFER_PROJECT or the context; null when none of them names one. */
export async function projectId(session: Session, client: Client): Promise<string | null> {
  const { project } = await session.target();
  return project === null ? null : (await findProject(client, project)).id;
}

export async function findProject(client: Client, reference: string): Promise<Found> {
  const { nodes } = await listAll(client, ListProjectsDocument, {}, ({ projects }) => projects);
  const found = nodes.find(({ id, name }) => id === reference || name === reference);
  if (!found) throw notFoundFailure(`there is no project "${reference}" that this token sees`, 'See `coffer project list`');
  return found;
}

/** The one that is named, else the token's own, else the only one there is. */
export async function requireProject(session: Session, client: Client): Promise<string> {
  const named = await projectId(session, client);
  if (named) return named;
  const { viewer } = await client.request(ViewerDocument, {});
  if (viewer.project) return viewer.project.id;
  const { nodes } = await listAll(client, ListProjectsDocument, {}, ({ projects }) => projects, 2);
  if (nodes.length === 1) return nodes[0]!.id;
  throw usageFailure(nodes.length === 0 ? 'there is no project yet' : 'there are several projects', nodes.length === 0 ? 'Make one: coffer project create <name>' : 'Say which: --project <name>');
}

export async function findConfiguration(session: Session, client: Client, reference: string): Promise<Found> {
  const missing = (): Error => notFoundFailure(`there is no configuration "${reference}" that this token sees`, 'See `coffer configuration list`, and check --project');
  if (isId(reference, 'cfg')) {
    const { configuration } = await client.request(FindConfigurationDocument, { id: reference });
    if (!configuration) throw missing();
    return configuration;
  }
  const { configurations } = await client.request(FindConfigurationsDocument, { filter: { name: reference, projectId: await projectId(session, client) } });
  return onlyOne(configurations.edges.map(({ node }) => node), 'configuration', reference, missing);
}

function onlyOne<Thing extends Found & { project: { name: string } }>([first, second]: readonly Thing[], what: string, reference: string, missing: () => Error): Thing {
  if (!first) throw missing();
  if (second) throw usageFailure(`several projects have ${what === 'instance' ? 'an' : 'a'} ${what} "${reference}": ${first.project.name} (${first.id}), ${second.project.name} (${second.id})`, 'Give its id, or --project');
  return first;
}

export async function findInstance(session: Session, client: Client, reference: string): Promise<Found> {
  const missing = (): Error => notFoundFailure(`there is no instance "${reference}" that this token sees`, 'See `coffer instance list`, and check --project');
  if (isId(reference, 'inst')) {
    const { instance } = await client.request(FindInstanceDocument, { id: reference });
    if (!instance) throw missing();
    return instance;
  }
  const { instances } = await client.request(FindInstancesDocument, { filter: { name: reference, projectId: await projectId(session, client) } });
  return onlyOne(instances.edges.map(({ node }) => node), 'instance', reference, missing);
}

/** An operation's id; or an instance, which means its newest operation. */
export async function findOperation(session: Session, client: Client, reference: string): Promise<string> {
  if (isId(reference, 'op')) return reference;
  const instance = await findInstance(session, client, reference);
  const { operations } = await client.request(ListOperationsDocument, { first: 1, filter: { subjectId: instance.id } });
  const newest = operations.edges[0]?.node;
  if (!newest) throw notFoundFailure(`nothing has been done to ${instance.name} yet`);
  return newest.id;
}

export async function findToken(session: Session, client: Client, reference: string): Promise<string> {
  if (isId(reference, 'tok')) return reference;
  const tokens = (await listTokens(client, await requireProject(session, client))).filter(({ name, revokedAt }) => name === reference && revokedAt === null);
  if (tokens.length === 0) throw notFoundFailure(`there is no valid token "${reference}" in the project`, 'See `coffer token list`');
  if (tokens.length > 1) throw usageFailure(`${tokens.length} tokens have the name "${reference}"`, `Give the id of one: ${tokens.map(({ id }) => id).join(', ')}`);
  return tokens[0]!.id;
}

export async function listTokens(client: Client, project: string): Promise<TokenRowFragment[]> {
  const { nodes } = await listAll(client, ListTokensDocument, { projectId: project }, ({ node }) => {
    if (node?.__typename !== 'Project') throw notFoundFailure(`there is no project ${project}`);
    return node.tokens;
  });
  return nodes;
}
