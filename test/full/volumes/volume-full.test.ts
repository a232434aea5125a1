/** As root alone. A volume that is full: the instance says so, takes a larger one, and works on with all it had. For each engine through its stock client. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, create, finish, psql, redisCli, remove, show, succeed, until } from '../../support/actions.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../support/installation.ts';

interface Login { user: string; password: string }
interface Kind {
  datastore: string; version: string; flavor: string;
  /** of a group, without which something else than the volume could be full first */
  values: { name: string; value: string }[];
  /** Writes until the engine refuses; answers how often it had said yes, and its own words. */
  fill(instance: any, login: Login): Promise<{ taken: number; words: string }>;
  /** How much of that is there. */
  count(instance: any, login: Login): Promise<number>;
  /** One write more. */
  write(instance: any, login: Login): Promise<unknown>;
}
/** Batches; the engine's own log of them may be larger than they are. */
const mostBatches = 200;
const run = promisify(execFile);
let coffer: Installation;

async function untilRefused(batch: (n: number) => Promise<unknown>): Promise<{ taken: number; words: string }> {
  for (let taken = 0; taken < mostBatches; taken++) {
    const words = await batch(taken).then(() => null, (error: Error) => error.message);
    if (words !== null) return { taken, words };
  }
  throw new Error('the volume was never full');
}
/** What a session waits for are its own writes: commands that belong together go through one. */
async function inOneSession(instance: any, { user, password }: Login, commands: readonly string[]): Promise<string> {
  const [{ host, port }] = instance.endpoints;
  const caFile = join(coffer.home, 'ca.pem');
  await writeFile(caFile, instance.caCertificate);
  const client = run(await binary(enginesFolder, instance.build, 'redis-cli'), ['-h', host, '-p', String(port), '--tls', '--cacert', caFile, '--user', user, '--no-auth-warning'], { env: { REDISCLI_AUTH: password }, timeout: 30_000 });
  client.child.stdin?.end(`${commands.join('\n')}\n`);
  return (await client).stdout;
}
const kinds: Kind[] = [
  {
    datastore: 'postgresql', version: '17', flavor: 'micro', values: [],
    async fill(instance, login) {
      const database = { ...login, database: 'app' };
      await psql(enginesFolder, instance, database, 'create table filled (batch int, t text); alter table filled alter t set storage plain; create table more (t text)');
      return untilRefused((n) => psql(enginesFolder, instance, database, `insert into filled select ${n}, repeat(md5(g::text), 60) from generate_series(1, 20000) g`));
    },
    count: async (instance, login) => Number(await psql(enginesFolder, instance, { ...login, database: 'app' }, 'select count(distinct batch) from filled')),
    write: (instance, login) => psql(enginesFolder, instance, { ...login, database: 'app' }, 'insert into more select repeat(md5(g::text), 60) from generate_series(1, 20000) g'),
  },
  {
    // Its memory is more than twice the volume. A file that is written anew takes room beside the one there is, and gives it back when there
    // is none: the volume would be full for a moment, and then not.
    datastore: 'redis', version: '8', flavor: 'large', values: [{ name: 'auto-aof-rewrite-percentage', value: '0' }],
    fill: (instance, login) => untilRefused(async (n) => {
      const script = "for i = 1, 20 do redis.call('set', 'filled:' .. ARGV[1] .. ':' .. i, string.rep(ARGV[2], 10)) end return 'taken'";
      const answers = await inOneSession(instance, login, [`eval "${script}" 0 ${n} ${randomBytes(75_000).toString('base64')}`, 'waitaof 1 0 5000']);
      // On disk, or it is not taken.
      if (!/^taken\n1\n/.test(answers)) throw new Error(answers.startsWith('taken') ? `waitaof: ${answers}` : answers);
    }),
    count: async (instance, login) => Number(await redisCli(enginesFolder, instance, login, 'eval', "local n = 0 while redis.call('exists', 'filled:' .. n .. ':20') == 1 do n = n + 1 end return n", '0')),
    async write(instance, login) {
      const answer = await redisCli(enginesFolder, instance, login, 'set', 'more', 'x');
      if (answer !== 'OK') throw new Error(answer);
    },
  },
];

const GROUP = 'mutation($input: CreateConfigurationInput!) { createConfiguration(input: $input) { ... on CreateConfigurationPayload { configuration { id } } ... on Error { code message } } }';
const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id } } ... on Error { code message } ... on InvalidInputError { issues { path message } } } }';

describe.runIf(noLoop === null)('a volume that is full', () => {
  beforeAll(async () => { coffer = await startInstallation(); });
  afterAll(() => coffer?.remove());

  it.each(kinds.map((kind) => [kind.datastore, kind] as const))('is told, is grown, and %s works on with all its data', async (_name, { datastore, version, flavor, values, ...kind }) => {
    const { createConfiguration } = await coffer.client.query(GROUP, { input: { name: `full-${datastore}`, datastore, version, values } });
    const made = await create(coffer.client, { name: `full-${datastore}`, datastore, version, flavor, volume: { sizeGb: 1, type: 'loop' }, users: [{ name: 'app' }], configurationId: createConfiguration.configuration.id, ...(datastore === 'redis' ? {} : { databases: [{ name: 'app' }] }) });
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
