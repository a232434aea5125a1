/** Sources are asked for newer builds by themselves, where the operator wants that: one after the other, and not too often. */
import { expect, it } from 'vitest';
import { refreshEngines } from '../../../gateway/reconcile/refresh-engines.ts';
import { CofferError } from '../../../kernel/errors.ts';
import type { EngineRequest } from '../../../strategies/spi/compute.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';
import { whileHeld } from '../../support/held-rows.ts';

const hourMs = 3_600_000;
let world: DomainWorld;
let nowMs: number;
let asked: EngineRequest[];
useDomainWorld((fresh) => {
  world = fresh;
  [nowMs, asked] = [Date.now(), []];
  world.script.compute = {
    listBuilds: async () => [],
    ensureEngine: async (request) => { asked.push(request); throw new CofferError('RESOURCE.NOT_FOUND', 'the source has gone'); },
  };
});

const look = (): Promise<number> => refreshEngines({ domain: world.deps, hostIds: () => [world.hostId], everyHours: 24, clock: { now: () => nowMs } }, AbortSignal.timeout(30_000));
const operations = () => world.store.query<{ id: string; actor: string; state: string }>(`select id, actor, state from operation where kind = 'engine.install' order by id`);
const ended = async (): Promise<void> => { for (const { id } of await operations()) await world.operations.waitForEnd(id, 10_000); };

it('versions that instances have are asked for, one after the other; what fails is told, and waits for its time', async () => {
  await world.addInstance('a', { track: '15' });
  await world.addInstance('b', { track: '17' });
  await world.addInstance('c', { track: '17' });
  await world.addInstance('gone', { track: '18', deleted_at: new Date() });
  await world.addInstance('unknown', { datastore: 'of-no-plugin', track: '1' });
  expect(await look()).toBe(1);
  expect(await look()).toBe(0); // the first has not ended
  world.startWorker();
  await ended();
  expect(await look()).toBe(1);
  await ended();
  expect(await look()).toBe(0);
  expect(asked).toEqual(['15', '17'].map((track) => ({ datastore: 'postgresql', track, refresh: true })));
  expect(await operations()).toMatchObject([{ actor: 'system', state: 'FAILED' }, { actor: 'system', state: 'FAILED' }]);
  nowMs += 23 * hourMs;
  expect(await look()).toBe(0);
  nowMs += 2 * hourMs;
  expect(await look()).toBe(1);
});

it('what a person asked for is not asked for again; an installation without asking the source does not count', async () => {
  await world.addInstance('a', { track: '17' });
  world.startWorker();
  await world.domain.installEngine(world.caller('OPERATOR'), { datastore: 'postgresql', version: '17', refresh: true });
  await ended();
  expect(await look()).toBe(0);
  await world.store.query('delete from operation');
  await world.domain.installEngine(world.caller('OPERATOR'), { datastore: 'postgresql', version: '17' });
  await ended();
  expect(await look()).toBe(1);
});

it('of several gateways that look at once one begins', async () => {
  await world.addInstance('a', { track: '17' });
  const begun = await whileHeld(world, { text: 'select 1 from host where id = $1 for update', values: [world.hostId] }, [look, look, look]);
  expect(begun.sort()).toEqual([0, 0, 1]);
  expect(await operations()).toHaveLength(1);
});
