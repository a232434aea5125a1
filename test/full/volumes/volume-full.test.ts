/** As root alone. A volume that is full: the instance says so, takes a larger one, and works on with all it had. For each engine through its stock client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, finish, remove, show, succeed, until } from '../../support/actions.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';
import { makeGroup } from '../../support/groups.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';
import { cassandra } from './fill/cassandra.ts';
import { mongodb } from './fill/mongodb.ts';
import { postgresql } from './fill/postgresql.ts';
import { redis } from './fill/redis.ts';
import { mariadb, mysql } from './fill/sql-family.ts';

const fillers = [postgresql, redis, mysql, mariadb, mongodb, cassandra];
let coffer: Installation;

const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id } } ... on Error { code message } ... on InvalidInputError { issues { path message } } } }';

describe.runIf(noLoop === null)('a volume that is full', () => {
  beforeAll(async () => { coffer = await startInstallation(); });
  afterAll(() => coffer?.remove());

  it.each(fillers.map((filler) => [filler.datastore, filler] as const))('is told, is grown, and %s works on with all its data', async (_name, { datastore, version, flavor, values, ...engine }) => {
    const configurationId = await makeGroup(coffer.client, { name: `full-${datastore}`, datastore, version, values });
    const made = await create(coffer.client, { name: `full-${datastore}`, datastore, version, flavor, volume: { sizeGb: 1, type: 'loop' }, users: [{ name: 'app', ...(datastore === 'redis' ? {} : { databases: ['app'] }) }], configurationId, ...(datastore === 'redis' ? {} : { databases: [{ name: 'app' }] }) });
    await succeed(coffer.client, made.operationId);
    const login = { user: 'app', password: made.passwords['app']! };
    const { taken, words } = await engine.fill(await show(coffer.client, made.id), login);
    expect(taken).toBeGreaterThan(5);
    expect(words, `after ${taken} batches`).toMatch(engine.refusal);
    await until(coffer.client, made.id, ({ conditions }) => conditions.some(({ type }: any) => type === 'VolumeFull'));

    // Some ended, and do not come up without room: they are helped out of that, too.
    await until(coffer.client, made.id, ({ status, conditions }) => status === 'ACTIVE' || conditions.some(({ reason }: any) => reason === 'CrashLoop' || reason === 'EngineHung'), 120_000);

    const smaller = await coffer.client.query(RESIZE, { input: { instanceId: made.id, sizeGb: 1 } });
    expect(smaller.resizeVolume).toMatchObject({ code: 'INPUT.INVALID' });
    const { resizeVolume } = await coffer.client.query(RESIZE, { input: { instanceId: made.id, sizeGb: 2 } });
    const grown = await finish(coffer.client, resizeVolume.operation.id);
    expect(grown.state, JSON.stringify(grown)).toBe('SUCCEEDED');
    const well = await until(coffer.client, made.id, ({ status, conditions }) => status === 'ACTIVE' && !conditions.some(({ type }: any) => type.startsWith('Volume')));
    expect(well.fault).toBeNull();
    const instance = await show(coffer.client, made.id);
    expect(instance.volume.sizeGb).toBe(2);
    await expect.poll(() => engine.write(instance, login).then(() => 'written', (error: Error) => error.message), { timeout: engine.againMs }).toBe('written');
    expect(await engine.count(instance, login)).toBeGreaterThanOrEqual(taken);
    await remove(coffer.client, made.id);
    expect(await heldByVolume(made.id)).toEqual([]);
  }, 300_000);
});
