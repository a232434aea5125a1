/** As root alone. A volume that is full: the instance says so, takes a larger one, and works on with all it had. For each engine through its stock client. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, finish, psql, redisCli, remove, show, succeed, until } from '../../support/actions.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../support/installation.ts';

interface Login { user: string; password: string }
interface Kind {
  datastore: string; version: string; flavor: string;
  /** Writes until the engine refuses; answers how often it had said yes, and its own words. */
  fill(instance: any, login: Login): Promise<{ taken: number; words: string }>;
  /** How much of that is there. */
  count(instance: any, login: Login): Promise<number>;
  /** One write more. */
  write(instance: any, login: Login): Promise<unknown>;
}
/** Batches; the engine's own log of them may be larger than they are. */
const mostBatches = 200;

async function untilRefused(batch: (n: number) => Promise<unknown>): Promise<{ taken: number; words: string }> {
  for (let taken = 0; taken < mostBatches; taken++) {
    const words = await batch(taken).then(() => null, (error: Error) => error.message);
    if (words !== null) return { taken, words };
  }
  throw new Error('the volume was never full');
}
const kinds: Kind[] = [
  {
    datastore: 'postgresql', version: '17', flavor: 'micro',
    async fill(instance, login) {
      const database = { ...login, database: 'app' };
      await psql(enginesFolder, instance, database, 'create table filled (batch int, t text); alter table filled alter t set storage plain; create table more (t text)');
      return untilRefused((n) => psql(enginesFolder, instance, database, `insert into filled select ${n}, repeat(md5(g::text), 60) from generate_series(1, 20000) g`));
    },
    count: async (instance, login) => Number(await psql(enginesFolder, instance, { ...login, database: 'app' }, 'select count(distinct batch) from filled')),
    write: (instance, login) => psql(enginesFolder, instance, { ...login, database: 'app' }, 'insert into more select repeat(md5(g::text), 60) from generate_series(1, 20000) g'),
  },
  {
    datastore: 'redis', version: '8', flavor: 'large',
    // Nothing that the engine could make smaller when it writes its file anew.
    fill: (instance, login) => untilRefused(async (n) => {
      const answer = await redisCli(enginesFolder, instance, login, 'eval', "for i = 1, 20 do redis.call('set', 'filled:' .. ARGV[1] .. ':' .. i, string.rep(ARGV[2], 10)) end return 'taken'", '0', String(n), randomBytes(75_000).toString('base64'));
      // On disk, or it is not taken.
      if (answer !== 'taken' || !(await redisCli(enginesFolder, instance, login, 'waitaof', '1', '0', '5000')).startsWith('1')) throw new Error(answer);
    }),
    count: async (instance, login) => Number(await redisCli(enginesFolder, instance, login, 'eval', "local n = 0 while redis.call('exists', 'filled:' .. n .. ':20') == 1 do n = n + 1 end return n", '0')),
    async write(instance, login) {
      const answer = await redisCli(enginesFolder, instance, login, 'set', 'more', 'x');
      if (answer !== 'OK') throw new Error(answer);
    },
  },
];

const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id } } ... on Error { code message } ... on InvalidInputError { issues { path message } } } }';

describe.runIf(noLoop === null)('a volume that is full', () => {
  let coffer: Installation;
  beforeAll(async () => { coffer = await startInstallation(); });
  afterAll(() => coffer?.remove());

  it.each(kinds.map((kind) => [kind.datastore, kind] as const))('is told, is grown, and %s works on with all its data', async (_name, { datastore, version, flavor, ...kind }) => {
    const made = await create(coffer.client, { name: `full-${datastore}`, datastore, version, flavor, volume: { sizeGb: 1, type: 'loop' }, users: [{ name: 'app' }], ...(datastore === 'redis' ? {} : { databases: [{ name: 'app' }] }) });
    await succeed(coffer.client, made.operationId);
    const login = { user: 'app', password: made.passwords['app']! };
    const { taken, words } = await kind.fill(await show(coffer.client, made.id), login);
    expect(taken).toBeGreaterThan(5);
    expect(words, `after ${taken} batches`).toMatch(/No space left|MISCONF|closed the connection|terminat|recovery|refused|waitaof/i);
    await until(coffer.client, made.id, ({ conditions }) => conditions.some(({ type }: any) => type === 'VolumeFull'));

    const smaller = await coffer.client.query(RESIZE, { input: { instanceId: made.id, sizeGb: 1 } });
    expect(smaller.resizeVolume).toMatchObject({ code: 'INPUT.INVALID' });
    const { resizeVolume } = await coffer.client.query(RESIZE, { input: { instanceId: made.id, sizeGb: 2 } });
    const grown = await finish(coffer.client, resizeVolume.operation.id);
    expect(grown.state, JSON.stringify(grown)).toBe('SUCCEEDED');
    const well = await until(coffer.client, made.id, ({ status, conditions }) => status === 'ACTIVE' && !conditions.some(({ type }: any) => type.startsWith('Volume')));
    expect(well.fault).toBeNull();
    const instance = await show(coffer.client, made.id);
    expect(instance.volume.sizeGb).toBe(2);
    await expect.poll(() => kind.write(instance, login).then(() => 'written', (error: Error) => error.message), { timeout: 20_000 }).toBe('written');
    expect(await kind.count(instance, login)).toBeGreaterThanOrEqual(taken);
    await remove(coffer.client, made.id);
    expect(await heldByVolume(made.id)).toEqual([]);
  }, 240_000);
});
