/** A machine that goes down with everything on it, and comes up with its compute role alone: what should run runs again. */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { create, processesOf, psql, redisCli, show, succeed, until } from '../support/actions.ts';
import { action } from '../support/documents.ts';
import { enginesFolder, startInstallation, type Installation } from '../support/installation.ts';
import { eventually } from './matrix/checks.ts';

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(() => coffer?.remove());

/** Every process of the installation: those of its home, by what they run, work in or were given. */
async function everyProcess(): Promise<number[]> {
  const found: number[] = [];
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const [cmdline, environ, stat] = await Promise.all(['cmdline', 'environ', 'stat'].map((file) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '')));
    if (!stat!.includes(') Z ') && (cmdline!.includes(coffer.home) || environ!.includes(`=${coffer.home}`))) found.push(Number(name));
  }
  return found;
}
async function pullThePlug(ids: readonly string[]): Promise<void> {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) { // stopped first, so that nobody starts anything again meanwhile
    const all = new Set([...(await everyProcess()), ...(await Promise.all(ids.map(processesOf))).flat().map((one) => one.pid)]);
    for (const pid of all) try { process.kill(pid, signal); } catch { /* it went with its parent */ }
  }
  await coffer.end('SIGKILL');
  await eventually(everyProcess, (left) => left.length === 0, 'nothing of the installation runs');
}

it('engines run again before any gateway, the stopped one stays stopped, and the gateway finds all as it should be', async () => {
  const redis = await create(coffer.client, { name: 'cache', datastore: 'redis', version: '8', users: [{ name: 'app' }] });
  const postgresql = await create(coffer.client, { name: 'shop', datastore: 'postgresql', version: '17', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] });
  const stopped = await create(coffer.client, { name: 'off', datastore: 'redis', version: '8' });
  for (const { operationId } of [redis, postgresql, stopped]) await succeed(coffer.client, operationId);
  const { stopInstance } = await coffer.client.query(action('stopInstance'), { input: { instanceId: stopped.id } });
  await succeed(coffer.client, stopInstance.operation.id);
  const [cache, shop] = [await show(coffer.client, redis.id), await show(coffer.client, postgresql.id)];
  const askCache = (...command: string[]): Promise<string> => redisCli(enginesFolder, cache, { user: 'app', password: redis.passwords['app']! }, ...command);
  const askShop = (sql: string): Promise<string> => psql(enginesFolder, shop, { user: 'app', password: postgresql.passwords['app']!, database: 'shop' }, sql);
  expect(await askCache('set', 'kept', 'yes')).toBe('OK');
  await askShop('create table kept (a int); insert into kept values (42)');
  // Redis writes its log every second.
  expect(await askCache('waitaof', '1', '0', '5000')).toMatch(/^1/);

  await pullThePlug([redis.id, postgresql.id, stopped.id]);
  await coffer.start({ COFFER_ROLES: 'compute' });
  expect(await fetch(coffer.url).then(() => true, () => false)).toBe(false);
  expect(await eventually(() => askCache('get', 'kept').catch(() => ''), (answer) => answer === 'yes', 'the cache answers')).toBe('yes');
  expect(await eventually(() => askShop('select a from kept').catch(() => ''), (answer) => answer === '42', 'the shop answers')).toBe('42');
  expect((await processesOf(stopped.id)).length).toBe(1);
  const engines = await Promise.all([redis.id, postgresql.id].map(async (id) => (await processesOf(id)).map((one) => one.pid).sort()));

  await coffer.end('SIGTERM');
  await coffer.start();
  for (const id of [redis.id, postgresql.id]) await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  await until(coffer.client, stopped.id, (instance) => instance.status === 'STOPPED');
  const after = await Promise.all([redis.id, postgresql.id].map(async (id) => (await processesOf(id)).map((one) => one.pid)));
  for (const [index, pids] of engines.entries()) expect(after[index]).toEqual(expect.arrayContaining(pids.slice(0, 1)));
});
