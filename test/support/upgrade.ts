/** Upgrades through the public API. */
import { succeed, type OperationNow } from './actions.ts';
import type { TestClient } from './graphql-client.ts';

const UPGRADE = `mutation ($input: UpgradeInstanceInput!) { result: upgradeInstance(input: $input) { __typename
  ... on UpgradeInstancePayload { operation { id } findings { severity subject message } estimate { dataBytes freeBytes reflink interruptionMs } }
  ... on InvalidInputError { message issues { path message } } ... on Error { message } } }`;

export const upgrade = async (client: TestClient, input: object): Promise<any> => (await client.query(UPGRADE, { input })).result;

/** Accepted and succeeded. */
export async function upgraded(client: TestClient, input: object): Promise<{ operation: OperationNow }> {
  const answer = await upgrade(client, input);
  if (answer.__typename !== 'UpgradeInstancePayload') throw new Error(`upgradeInstance was refused: ${JSON.stringify(answer)}`);
  return { operation: await succeed(client, answer.operation.id) };
}
