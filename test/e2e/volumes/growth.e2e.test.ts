/** A volume that grows under its writers, of each type: nothing they were told is written is lost, and none of them is refused. */
import { stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, processesOf, redisCli, remove, show, succeed, until } from '../../support/actions.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../support/installation.ts';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id cancellable } } ... on Error { code message } ... on InvalidInputError { issues { path message } } } }';
const UPDATE = 'mutation($input: UpdateInstanceInput!) { updateInstance(input: $input) { __typename ... on UpdateInstancePayload { instance { volume { autoscaling { thresholdPercent stepGb maxGb coolDownSeconds } } } } ... on InvalidInputError { issues { path message } } } }';
const VOLUME = 'query($id: ID!) { instance(by: { id: $id }) { volume { sizeGb usedBytes usedAt isStale type { name } autoscaling { stepGb } } conditions { type reason message } } volumeTypes { name } }';
const types = ['directory', ...(noLoop === null ? ['loop'] : [])];

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(() => coffer?.remove());

describe.each(types)('a volume of type %s', (type) => {
  let made: Awaited<ReturnType<typeof create>>;
  const login = (): { user: string; password: string } => ({ user: 'app', password: made.passwords['app']! });
  const resize = async (sizeGb: number): Promise<any> => (await coffer.client.query(RESIZE, { input: { instanceId: made.id, sizeGb } })).resizeVolume;
  const volume = async (): Promise<any> => (await coffer.client.query(VOLUME, { id: made.id })).instance.volume;
  beforeAll(async () => {
    made = await create(coffer.client, { name: `grows-${type}`, datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1, type }, users: [{ name: 'app' }] });
    await succeed(coffer.client, made.operationId);
  });
  afterAll(async () => {
    await remove(coffer.client, made.id);
    expect(await heldByVolume(made.id)).toEqual([]);
  });

  // Of a folder the files are counted, twice a minute: here that is waited for no more than once.
  it.runIf(type === types.at(-1))('grows by itself, as `system`, a step at a time, and says when it cannot any more', async () => {
    const issues = (await coffer.client.query(UPDATE, { input: { instanceId: made.id, volumeAutoscaling: { thresholdPercent: 0, stepGb: 0, maxGb: 2, coolDownSeconds: 1 } } })).updateInstance.issues;
    expect(issues.map(({ path }: any) => path.join('.'))).toEqual(['thresholdPercent', 'stepGb', 'coolDownSeconds'].map((name) => `input.volumeAutoscaling.${name}`));
    // A tenth of 1 GB and more, and still that of 2 GB.
    await writeFile(join(coffer.home, 'instances', made.id, 'volume/ballast'), Buffer.alloc(300 * mib));
    await coffer.client.query(UPDATE, { input: { instanceId: made.id, volumeAutoscaling: { thresholdPercent: 10, stepGb: 5, maxGb: 2, coolDownSeconds: 60 } } });
    const stuck = await until(coffer.client, made.id, ({ conditions, task }) => task === null && conditions.some(({ type: one }: any) => one === 'VolumeCannotGrow'), 60_000);
    expect(stuck.conditions).toContainEqual(expect.objectContaining({ type: 'VolumeCannotGrow', reason: 'CeilingReached' }));
    expect(await volume()).toMatchObject({ sizeGb: 2 });
    const { instance: { operations } } = await coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { operations(first: 10) { edges { node { kind actor state } } } } }', { id: made.id });
    const own = operations.edges.map(({ node }: any) => node).filter(({ kind, actor }: any) => kind === 'instance.grow-volume' && actor === 'system');
    expect(own).toEqual([{ kind: 'instance.grow-volume', actor: 'system', state: 'SUCCEEDED' }]);
    await coffer.client.query(UPDATE, { input: { instanceId: made.id, volumeAutoscaling: null } });
    expect(await volume()).toMatchObject({ autoscaling: null });
    await until(coffer.client, made.id, ({ conditions }) => !conditions.some(({ type: one }: any) => one === 'VolumeCannotGrow'));
  });

  it('grows while somebody writes: no write is refused or lost, and the engine is the same process', async () => {
    const instance = await show(coffer.client, made.id);
    const before = (await processesOf(made.id)).map(({ pid }) => pid).sort();
    let [acknowledged, isDone] = [0, false];
    const refused: string[] = [];
    const writing = (async () => {
      while (!isDone) {
        const answer = await redisCli(enginesFolder, instance, login(), 'eval', "for i = 1, 50 do redis.call('incr', 'written') end return redis.call('get', 'written')", '0').catch((error: Error) => error.message);
        if (/^\d+$/.test(answer)) acknowledged = Number(answer); else refused.push(answer);
      }
    })();
    const { operation } = await resize(3);
    await succeed(coffer.client, operation.id);
    isDone = true;
    await writing;
    expect(refused).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
    expect(await redisCli(enginesFolder, instance, login(), 'get', 'written')).toBe(String(acknowledged));
    expect((await processesOf(made.id)).map(({ pid }) => pid).sort()).toEqual(before);
    expect(await volume()).toMatchObject({ sizeGb: 3, isStale: false, type: { name: type } });
    if (type === 'loop') {
      const folder = join(coffer.home, 'instances', made.id);
      const { blocks, bsize } = await statfs(join(folder, 'volume'));
      expect(blocks * bsize).toBeGreaterThan(2.9 * gib);
      expect((await stat(join(folder, 'volume.img'))).size).toBe(3 * gib);
    }
  });

  it('is refused what it has, what is smaller, and more than the host has, with nothing changed', async () => {
    expect((await resize(3)).issues).toEqual([{ path: ['input', 'sizeGb'], message: `the volume of grows-${type} is 3 GB already` }]);
    expect((await resize(1)).issues[0].message).toMatch(/^the volume of grows-\w+ is 3 GB with \d+\.\d\d GB used; volumes do not shrink$/);
    expect((await resize(0)).issues[0].message).toBe('must be 1 to 65536');
    expect(await resize(60_000)).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_DISK' });
    expect(await volume()).toMatchObject({ sizeGb: 3 });
  });

  it('is among those that can be had, and others are not', async () => {
    const { volumeTypes } = await coffer.client.query(VOLUME, { id: made.id });
    expect(volumeTypes.map(({ name }: any) => name)).toEqual(types);
    const { createInstance } = await coffer.client.query('mutation($input: CreateInstanceInput!) { createInstance(input: $input) { __typename ... on Error { code message } } }', { input: { name: 'else', datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1, type: 'cloud' } } });
    expect(createInstance).toMatchObject({ __typename: 'NotFoundError' });
  });
});
