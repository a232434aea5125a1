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

const CHECK = 'query ($id: ID!) { node(id: $id) { ... on Operation { findings { severity subject message } estimate { dataBytes freeBytes reflink interruptionMs } } } }';

/** What a dry run finds, however long it takes. */
export async function checkUpgrade(client: TestClient, input: object): Promise<{ operation: OperationNow; findings: { severity: string; subject: string | null; message: string }[]; estimate: any }> {
  const answer = await upgrade(client, { ...input, dryRun: true });
  if (answer.__typename !== 'UpgradeInstancePayload') throw new Error(`the check of an upgrade was refused: ${JSON.stringify(answer)}`);
  const operation = await succeed(client, answer.operation.id);
  const { node } = await client.query(CHECK, { id: operation.id });
  // They are in the answer too, unless it did not wait for them.
  if (answer.findings && JSON.stringify(answer.findings) !== JSON.stringify(node.findings)) throw new Error(`the answer of a check and its operation differ: ${JSON.stringify(answer.findings)}, ${JSON.stringify(node.findings)}`);
  return { operation, ...node };
}
