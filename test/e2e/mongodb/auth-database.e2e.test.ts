/** Users of one name in two databases, through the API and the command line, and with the driver an application has. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { show, succeed } from '../../support/actions.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

const refusal = '... on Error { code message } ... on InvalidInputError { issues { path message } }';
const outcome = 'operation { state } results { name host authDatabase error { code } }';
const engines = { COFFER_ENGINE_PORTS: '21640-21659' };

describe('the same name in two databases', () => {
  let coffer: Installation;
  let cli: Cli;
  let folder: string;
  let instance: any;
  const passwords = new Map<string | null, string>();
  const act = async (mutation: string, input: Record<string, unknown>, more = ''): Promise<any> => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
    return (await coffer.client.query(`mutation ($input: ${type}Input!) { answer: ${mutation}(input: $input) { __typename ... on ${type}Payload { ${outcome} ${more} } ${refusal} } }`, { input: { instanceId: instance.id, ...input } })).answer;
  };
  const users = async (): Promise<string[]> => {
    const found: string[] = [];
    let after: string | null = null;
    do {
      const { instance: { users: page } }: any = await coffer.client.query('query ($id: ID!, $after: String) { instance(by: { id: $id }) { users(first: 1, after: $after) { edges { node { name authDatabase grants { privileges } } } pageInfo { hasNextPage endCursor } } } }', { id: instance.id, after });
      found.push(...page.edges.map(({ node }: any) => `${node.authDatabase}.${node.name} ${node.grants.flatMap((grant: any) => grant.privileges).join(' ')}`.trim()));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    return found.toSorted();
  };
  const logsIn = async (authSource: string, password: string): Promise<boolean> => {
    const client = new MongoClient(instance.endpoints[0].uri, { auth: { username: 'twin', password }, authSource, tlsCAFile: join(folder, 'ca.pem'), serverSelectionTimeoutMS: 8_000 });
    try {
      await client.db('shop').collection('kept').findOne();
      return true;
    } catch (error) {
      if ((error as { code?: number }).code === 18) return false;
      throw error;
    } finally {
      await client.close();
    }
  };

  beforeAll(async () => {
    coffer = await startInstallation({ env: engines });
    cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
    folder = await mkdtemp(join(tmpdir(), 'coffer-auth-database-'));
  });
  afterAll(async () => {
    await cli?.remove();
    await coffer?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('are two users from the first moment, and the one elsewhere is who the server is verified with', async () => {
    const input = { name: 'shop', datastore: 'mongodb', flavor: 'medium', volume: { sizeGb: 1 }, databases: [{ name: 'shop' }], users: [{ name: 'twin', authDatabase: 'shop' }, { name: 'twin' }] };
    const { answer } = await coffer.client.query(`mutation ($input: CreateInstanceInput!) { answer: createInstance(input: $input) { __typename ... on CreateInstancePayload { instance { id } operation { id } userCredentials { name host authDatabase password } } ${refusal} } }`, { input });
    expect(answer).toMatchObject({ __typename: 'CreateInstancePayload', userCredentials: [{ name: 'twin', host: null, authDatabase: 'shop' }, { name: 'twin', host: null, authDatabase: null }] });
    for (const { authDatabase, password } of answer.userCredentials) passwords.set(authDatabase, password);
    const { steps } = await succeed(coffer.client, answer.operation.id);
    expect(steps.find(({ name }) => name === 'verify')).toMatchObject({ state: 'SUCCEEDED' });
    instance = await show(coffer.client, answer.instance.id);
    await writeFile(join(folder, 'ca.pem'), instance.caCertificate);
    expect(await users()).toEqual(['admin.twin readWrite', 'shop.twin readWrite']);
    const [here, there] = [passwords.get(null)!, passwords.get('shop')!];
    expect([await logsIn('admin', here), await logsIn('shop', there), await logsIn('admin', there), await logsIn('shop', here)]).toEqual([true, true, false, false]);
  });
  it('lose, get and change each their own', async () => {
    const user = { name: 'twin', authDatabase: 'shop' };
    expect(await act('revokeDatabases', { user, databases: ['shop'] })).toMatchObject({ operation: { state: 'SUCCEEDED' }, results: [{ ...user, host: null, error: null }] });
    expect(await users()).toEqual(['admin.twin readWrite', 'shop.twin']);
    await act('grantDatabases', { user, grants: [{ database: 'shop', privileges: ['read'] }] });
    expect(await users()).toEqual(['admin.twin readWrite', 'shop.twin read']);
    expect(await act('updateDatabaseUser', { user, password: 'Another-password-1' })).toMatchObject({ results: [{ authDatabase: 'shop', error: null }] });
    expect([await logsIn('shop', 'Another-password-1'), await logsIn('admin', 'Another-password-1'), await logsIn('admin', passwords.get(null)!)]).toEqual([true, false, true]);
  });
  it('are told apart in one request, also when it is repeated', async () => {
    const wanted = (...places: (string | undefined)[]) => ({ users: places.map((authDatabase) => ({ name: 'pair', authDatabase, databases: [] })), idempotencyKey: 'pair' });
    const credentials = 'userCredentials { name authDatabase password }';
    expect(await act('createDatabaseUsers', { users: [{ name: 'pair', authDatabase: 'a' }, { name: 'pair', authDatabase: 'a' }, { name: 'pair', authDatabase: 'local' }] }, credentials))
      .toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'users', '1', 'name'] }, { path: ['input', 'users', '2', 'authDatabase'] }] });
    const pair = await act('createDatabaseUsers', wanted('a', 'b'), credentials);
    expect(pair).toMatchObject({ results: [{ authDatabase: 'a', error: null }, { authDatabase: 'b', error: null }], userCredentials: [{ password: expect.any(String) }, { password: expect.any(String) }] });
    expect(await act('createDatabaseUsers', wanted('a', 'b'), credentials)).toMatchObject({ userCredentials: [{ authDatabase: 'a', password: null }, { authDatabase: 'b', password: null }] });
    expect(await act('createDatabaseUsers', wanted('a', 'c'), credentials)).toMatchObject({ __typename: 'ConflictError' });
    // the engine refuses one of two: only that one has no password
    expect(await act('createDatabaseUsers', { users: [{ name: 'pair', authDatabase: 'b' }, { name: 'pair', authDatabase: 'c' }] }, credentials))
      .toMatchObject({ results: [{ authDatabase: 'b', error: { code: 'CONFLICT.EXISTS' } }, { authDatabase: 'c', error: null }], userCredentials: [{ authDatabase: 'b', password: null }, { authDatabase: 'c', password: expect.any(String) }] });
    for (const authDatabase of ['a', 'b', 'c']) expect(await act('deleteDatabaseUser', { user: { name: 'pair', authDatabase } })).toMatchObject({ operation: { state: 'SUCCEEDED' }, results: [{ authDatabase, error: null }] });
  });
  it('are told apart on the command line', async () => {
    const listed = await cli.run(['user', 'list', 'shop']);
    expect(listed.out).toMatch(/AUTH DATABASE[^]*twin +admin[^]*twin +shop/);
    expect(await cli.run(['user', 'grant', 'shop', 'twin', 'shop', '--auth-database', 'shop'])).toMatchObject({ code: 0, out: expect.stringContaining('twin (shop) granted') });
    const connect = (...more: string[]) => cli.run(['instance', 'connect', 'shop', '--user', 'twin', '--print', ...more]);
    expect((await connect()).error).toMatch(/log in at admin, shop[^]*--auth-database/);
    expect((await connect('--auth-database', 'shop')).out).toContain('--authenticationDatabase=shop');
    const completed = async (...words: string[]) => (await cli.run(['__complete', '--', ...words])).out.split('\t\n').filter((line) => line !== '').toSorted();
    expect([await completed('user', 'delete', 'shop', 'tw'), await completed('user', 'delete', 'shop', 'twin', '--auth-database', '')]).toEqual([['twin'], ['admin', 'shop']]);
    expect((await cli.run(['user', 'delete', 'shop', 'twin', '--auth-database', 'shop', '--yes'])).code).toBe(0);
    expect(await users()).toEqual(['admin.twin readWrite']);
    expect((await connect()).out).toContain('--authenticationDatabase=admin');
  });
});
