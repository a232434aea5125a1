/** Two gateways, two projects with an instance each, and a token of every role in the first. */
import { create, succeed } from '../../support/actions.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

export interface Thing { projectId: string; instanceId: string; operationId: string; tokenId: string }
/** a version that only this project sees */
export interface Private { versionId: string }
export interface AccessWorld {
  coffer: Installation;
  second: GatewayProcess;
  own: Thing;
  foreign: Thing & Private;
  /** by role, in the own project */
  tokens: Record<'VIEWER' | 'EDITOR' | 'OWNER', string>;
  remove(): Promise<void>;
}

const TOKEN = 'mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename ... on CreateApiTokenPayload { secret token { id } } ... on Error { code message } } }';
const PROJECT = 'mutation($input: CreateProjectInput!) { createProject(input: $input) { __typename ... on CreateProjectPayload { project { id } } ... on Error { code message } } }';

export async function newToken(coffer: Installation, input: { name: string; role: string; projectId?: string; expiresAt?: string }): Promise<{ secret: string; id: string }> {
  const { createApiToken: answer } = await coffer.client.query(TOKEN, { input });
  if (answer.__typename !== 'CreateApiTokenPayload') throw new Error(JSON.stringify(answer));
  return { secret: answer.secret, id: answer.token.id };
}

async function project(coffer: Installation, name: string): Promise<Thing & { ownerToken: string }> {
  const projectId = (await coffer.client.query(PROJECT, { input: { name } })).createProject.project.id;
  const owner = await newToken(coffer, { name: `${name}-owner`, role: 'OWNER', projectId });
  const made = await create(coffer.client, { name: 'db', datastore: 'redis', version: '8', projectId, users: [{ name: 'app' }] });
  await succeed(coffer.client, made.operationId);
  return { projectId, instanceId: made.id, operationId: made.operationId, tokenId: owner.id, ownerToken: owner.secret };
}

const VERSIONS = 'query($name: String!) { datastore(name: $name) { versions(includeInactive: true) { edges { node { id name } } } } }';
const UPDATE = 'mutation($input: UpdateDatastoreVersionInput!) { updateDatastoreVersion(input: $input) { __typename ... on Error { code message } } }';

/** Makes a version PRIVATE to one project; answers its id. */
async function restrict(coffer: Installation, datastore: string, version: string, projectId: string): Promise<string> {
  const found = (await coffer.client.query(VERSIONS, { name: datastore })).datastore.versions.edges.find((edge: any) => edge.node.name === version).node;
  const { updateDatastoreVersion: answer } = await coffer.client.query(UPDATE, { input: { datastoreVersionId: found.id, visibility: 'PRIVATE', projects: [projectId] } });
  if (answer.__typename !== 'UpdateDatastoreVersionPayload') throw new Error(JSON.stringify(answer));
  return found.id;
}

export async function startAccessWorld(env: Record<string, string> = {}): Promise<AccessWorld> {
  const coffer = await startInstallation({ env });
  const second = await startGatewayProcess(coffer);
  await second.ready();
  const [own, foreign] = [await project(coffer, 'ours'), await project(coffer, 'theirs')];
  const versionId = await restrict(coffer, 'postgresql', '15', foreign.projectId);
  const [viewer, editor] = await Promise.all(['VIEWER', 'EDITOR'].map((role) => newToken(coffer, { name: role.toLowerCase(), role, projectId: own.projectId })));
  return {
    coffer, second, own, foreign: { ...foreign, versionId }, tokens: { VIEWER: viewer!.secret, EDITOR: editor!.secret, OWNER: own.ownerToken },
    async remove() {
      await second.end('SIGKILL');
      await coffer.remove();
    },
  };
}
