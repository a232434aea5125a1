/** A compute role that stays away: what is on its host can be deleted all the same, and is removed once it is back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostGoneAfterMs } from '../../gateway/hosts/gone-hosts.ts';
import { create, processesOf, remove, succeed } from '../support/actions.ts';
import { action } from '../support/documents.ts';
import { type Installation, startInstallation } from '../support/installation.ts';
import { lookIntoStore } from '../support/store-look.ts';
import { eventually, expectGone } from './matrix/checks.ts';

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => {
  if (coffer) process.kill(coffer.hostPid(), 'SIGCONT');
  await coffer?.remove();
});

it('an instance of a host that is gone is deleted by force, and destroyed when the host returns', { timeout: 180_000 }, async () => {
  const { id, operationId } = await create(coffer.client, { name: 'far', datastore: 'redis', version: '8', users: [{ name: 'app' }] });
  await succeed(coffer.client, operationId);
  process.kill(coffer.hostPid(), 'SIGSTOP');
  const silentMs = async (): Promise<number> => (await lookIntoStore<{ ms: number }>(coffer, 'select (extract(epoch from now() - seen_at) * 1000)::float8 as ms from host'))[0]!.ms;
  await eventually(silentMs, (ms) => ms > hostGoneAfterMs.forced, 'the host is silent', 2 * hostGoneAfterMs.forced);

  // What only the host can do is refused at once, with its name.
  const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
  expect(restartInstance).toMatchObject({ __typename: 'UnavailableError', code: 'HOST.UNREACHABLE', message: expect.stringMatching(/^host \S+ has not been seen for \d+ s, and instance far is on it/) });

  await remove(coffer.client, id, true);
  expect(await lookIntoStore(coffer, 'select instance_id from leftover')).toEqual([{ instance_id: id }]);
  expect((await processesOf(id)).length).toBeGreaterThan(0);

  process.kill(coffer.hostPid(), 'SIGCONT');
  await eventually(() => lookIntoStore(coffer, 'select 1 from leftover'), (rows) => rows.length === 0, 'the host has cleaned up', 60_000);
  await expectGone({ coffer }, id);
});
