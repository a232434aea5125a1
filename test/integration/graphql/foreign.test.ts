/**
 * Every field that takes an id is found by walking the schema, and asked about a thing of another project: the answer
 * must be the one that a missing id gets.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VersionDoc } from '../../../gateway/domain/api.ts';
import { newId, type NodeType } from '../../../kernel/ids.ts';
import { startApiServer } from '../../support/api-server.ts';
import { answerTo, casesOf, type Gate as Walkable, unknownIds } from '../../support/foreign-walk.ts';
import { startTestPostgres } from '../../support/postgres.ts';
import { startStoreApi } from '../../support/store-api.ts';

interface Gate extends Walkable {
  /** of each role, in a project */
  tokens: Record<string, string>;
  /** things of another project */
  foreign: Partial<Record<NodeType, string>>;
  close(): Promise<void>;
}
/** The answers are asked for in full. */
const limits = { maxAliases: 10_000, maxCost: 1_000_000, maxTokens: 100_000 };
const roles = ['OWNER', 'EDITOR', 'VIEWER'] as const;
const cases = casesOf();

async function overMemory(): Promise<Gate> {
  const server = await startApiServer({ port: 21112, limits });
  const { fake } = server;
  const [own, other] = fake.projects;
  const instance = fake.addInstance('theirs', other);
  const theirVersion: VersionDoc = { ...fake.versions[0]!, id: newId('DatastoreVersion'), name: '99', visibility: 'PRIVATE', projectIds: [other!.id] };
  fake.versions.push(theirVersion);
  return {
    url: server.url, post: (document, options) => server.post(document, options), close: () => server.close(),
    tokens: Object.fromEntries(roles.map((role) => [role, fake.addToken(role.toLowerCase(), role, own!.id)])),
    foreign: { Instance: instance.id, Configuration: fake.addConfiguration('theirs', other!.id).id, Operation: fake.addOperation(instance, 'instance.start').id, Project: other!.id, DatastoreVersion: theirVersion.id, ApiToken: fake.tokens.get(fake.addToken('theirs', 'OWNER', other!.id))!.id },
  };
}
async function overStore(): Promise<Gate> {
  const postgres = await startTestPostgres();
  const api = await startStoreApi(postgres, { port: 21115, limits });
  const other = await api.addProject('theirs');
  const [instance] = await api.addInstances(1, other);
  const versionId = await api.restrictVersion('15', [other]);
  const tokens = await Promise.all(roles.map(async (role) => [role, (await api.addToken(role.toLowerCase(), role, api.projectId)).secret]));
  return {
    url: api.url, post: (document, options) => api.post(document, options), tokens: Object.fromEntries(tokens) as Record<string, string>,
    foreign: { Instance: instance!, Configuration: await api.addConfiguration('theirs', other), Operation: await api.addOperation(instance!, other), Project: other, DatastoreVersion: versionId, ApiToken: (await api.addToken('theirs', 'OWNER', other)).id },
    async close() { await api.close(); await postgres.stop(); },
  };
}

describe('fields that take an id', () => {
  it('are many, and all of them are walked', () => {
    const fields = new Set(cases.map(({ operation, field }) => `${operation}.${field}`));
    expect([...fields].sort()).toMatchSnapshot();
    expect(unknownIds(), 'an argument of type ID whose meaning this test does not know').toEqual([]);
  });
});

describe.each([['a domain in memory', overMemory], ['the store', overStore]] as const)('an id of another project, over %s,', (_name, open) => {
  let gate: Gate;
  beforeAll(async () => { gate = await open(); });
  afterAll(() => gate.close());

  it.each(cases.map((one) => [`${one.operation} ${one.field}(${one.path.join('.')}: ${one.type})`, one] as const))('is answered as a missing one: %s', async (_case, one) => {
    for (const [role, token] of Object.entries(gate.tokens)) {
      const missing = await answerTo(gate, one, newId(one.type), token);
      expect(await answerTo(gate, one, gate.foreign[one.type] ?? newId(one.type), token), `as ${role}`).toEqual(missing);
      expect(JSON.stringify(missing), 'the request must be valid, or it proves nothing').not.toMatch(/REQUEST\.|INTERNAL/);
    }
  });
});
