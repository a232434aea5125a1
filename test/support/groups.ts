/** Configuration groups through the public API; what a change asks for has succeeded when it resolves. */
import { succeed } from './actions.ts';
import type { TestClient } from './graphql-client.ts';

export interface GroupInput { name: string; datastore: string; version: string; values: object[]; projectId?: string }

async function accepted(client: TestClient, mutation: 'createConfiguration' | 'attachConfiguration' | 'detachConfiguration' | 'patchConfiguration', selection: string, input: object): Promise<any> {
  const type = mutation.charAt(0).toUpperCase() + mutation.slice(1);
  const { result } = await client.query(`mutation ($input: ${type}Input!) { result: ${mutation}(input: $input) { __typename ... on ${type}Payload { ${selection} } ... on Error { message } ... on InvalidInputError { issues { path message } } } }`, { input });
  if (result.__typename !== `${type}Payload`) throw new Error(`${mutation} was refused: ${JSON.stringify(result)}`);
  return result;
}
const changed = async (client: TestClient, mutation: Parameters<typeof accepted>[1], input: object): Promise<void> => {
  await succeed(client, (await accepted(client, mutation, 'operation { id }', input)).operation.id);
};

/** Its id. */
export const makeGroup = async (client: TestClient, input: GroupInput): Promise<string> => (await accepted(client, 'createConfiguration', 'configuration { id }', input)).configuration.id;
export const attachGroup = (client: TestClient, instanceId: string, configurationId: string, more: { replace?: boolean } = {}): Promise<void> => changed(client, 'attachConfiguration', { instanceId, configurationId, ...more });
export const detachGroup = (client: TestClient, instanceId: string): Promise<void> => changed(client, 'detachConfiguration', { instanceId });
/** On every instance that has it. */
export const patchGroup = (client: TestClient, configurationId: string, change: { set?: object[]; unset?: string[] }): Promise<void> => changed(client, 'patchConfiguration', { configurationId, ...change });
