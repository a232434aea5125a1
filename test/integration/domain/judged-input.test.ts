/** What the engine would refuse is refused before anything is written, with the field's place in the input and never the secret. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DomainWorld, startDomainWorld } from '../../support/domain-world.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

let server: TestPostgres;
let world: DomainWorld;
let instanceId: string;
beforeAll(async () => {
  server = await startTestPostgres();
  world = await startDomainWorld(server);
  instanceId = await world.addInstance('shop');
});
afterAll(async () => {
  await world.close();
  await server.stop();
});
beforeEach(() => world.store.query('delete from operation'));

/** SASLprep would make a plain space of it. */
const password = 'correct\u00a0horse battery';
const refusedAt = async (work: Promise<unknown>): Promise<string[]> => {
  const error = await work.then(() => { throw new Error('it was not refused'); }, (refusal: { code: string; message: string; details: { issues: { path: string[]; message: string }[] } }) => refusal);
  expect(error.code).toBe('INPUT.INVALID');
  expect(JSON.stringify([error.message, error.details])).not.toContain('horse');
  expect(await world.store.query('select 1 from operation')).toEqual([]);
  return error.details.issues.map((issue) => issue.path.join('.'));
};
const owner = (): ReturnType<DomainWorld['caller']> => world.caller('OWNER');

describe('a password that the engine would take for another', () => {
  it('is refused for users of a new instance', async () => {
    const input = { name: 'db', datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, databases: [{ name: 'a' }], users: [{ name: 'ok' }, { name: 'app', password }] };
    expect(await refusedAt(world.domain.instances.create(owner(), input))).toEqual(['input.users.1.password']);
  });
  it('is refused for new users, for users that get another, and for root', async () => {
    const { engine } = world.domain;
    expect(await refusedAt(engine.createUsers(owner(), { instanceId, users: [{ name: 'app', password }] }))).toEqual(['input.users.0.password']);
    expect(await refusedAt(engine.updateUser(owner(), { instanceId, user: { name: 'app' }, password }))).toEqual(['input.password']);
    expect(await refusedAt(engine.enableRoot(owner(), { instanceId, password }))).toEqual(['input.password']);
  });
});

describe('a database to log in at, where the engine has none', () => {
  const user = { name: 'app', authDatabase: 'shop' };
  it('is refused at its field, once', async () => {
    const { engine, instances } = world.domain;
    const input = { name: 'db', datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, users: [{ name: 'ok' }, user] };
    expect(await refusedAt(instances.create(owner(), input))).toEqual(['input.users.1.authDatabase']);
    expect(await refusedAt(engine.createUsers(owner(), { instanceId, users: [user] }))).toEqual(['input.users.0.authDatabase']);
    const named = { instanceId, user };
    const works = [
      () => engine.updateUser(owner(), { ...named, name: 'other' }), () => engine.updateUser(owner(), { ...named, password: 'long enough for it' }), () => engine.deleteUser(owner(), named),
      () => engine.grant(owner(), { ...named, grants: [{ database: 'shop' }] }), () => engine.revoke(owner(), { ...named, databases: ['shop'] }),
    ];
    for (const work of works) expect(await refusedAt(work())).toEqual(['input.user.authDatabase']);
  });
});

describe('the same user twice in a request', () => {
  it('is refused; the same name at another host or database is somebody else', async () => {
    const users = [{ name: 'app', authDatabase: 'a' }, { name: 'app', authDatabase: 'b' }, { name: 'app' }, { name: 'app', host: 'a' }, { name: 'app', authDatabase: 'a' }];
    const paths = await refusedAt(world.domain.engine.createUsers(owner(), { instanceId, users }));
    expect(paths.filter((path) => path.endsWith('.name'))).toEqual(['input.users.4.name']);
  });
});

describe('names', () => {
  it('of databases that a user is given are judged as they were given', async () => {
    expect(await refusedAt(world.domain.engine.createUsers(owner(), { instanceId, users: [{ name: 'app', databases: ['shop', 'template0'] }] }))).toEqual(['input.users.0.databases.1']);
  });
  it('of options that databases of the engine do not have are refused', async () => {
    const databases = [{ name: 'other', options: [{ name: 'replication', value: 'x' }, { name: 'replication', value: 'y' }] }];
    expect(await refusedAt(world.domain.engine.createDatabases(owner(), { instanceId, databases }))).toEqual(['input.databases.0.options.0.name', 'input.databases.0.options.1.name', 'input.databases.0.options.1.name']);
  });
  it('of databases that a user is to lose are judged as well', async () => {
    const revoke = (databases: (string | null)[]): Promise<unknown> => world.domain.engine.revoke(owner(), { instanceId, user: { name: 'app' }, databases });
    expect(await refusedAt(revoke(['shop', 'postgres']))).toEqual(['input.databases.1']);
    expect(await refusedAt(revoke([null]))).toEqual(['input.databases']);
    expect(await refusedAt(revoke([]))).toEqual(['input.databases']);
  });
});
