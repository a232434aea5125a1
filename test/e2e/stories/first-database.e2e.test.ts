/** The story of the product, from the first mutation to nothing left, as root and as an ordinary user. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentPid, create, enginePid, finish, processesOf, psql, redisCli, remove, show, until } from '../../support/actions.ts';
import { WATCH_OPERATION } from '../../support/documents.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { lookIntoStore } from '../../support/store-look.ts';
import { releaseVersion } from '../../../kernel/release.ts';

const isRoot = process.getuid?.() === 0;
const modes = isRoot ? [{ name: 'as root', uid: undefined }, { name: 'as an ordinary user', uid: 65_534 }] : [{ name: 'as an ordinary user', uid: undefined }];

describe.each(modes)('an installation started $name', ({ uid }) => {
  let coffer: Installation;
  beforeAll(async () => { coffer = await startInstallation(uid === undefined ? {} : { uid }); });
  afterAll(async () => { await coffer?.remove(); });

  it('makes a PostgreSQL that the stock client reaches, with every step seen live', async () => {
    // From here on: whoever subscribes with the answer in hand may come after the first steps.
    const [{ instances: { cursor } }] = await coffer.client.watch<any>('subscription { instances { ... on InstanceListSnapshot { cursor } } }', {}, () => true) as [any];
    const made = await create(coffer.client, { name: 'shop', datastore: 'postgresql', version: '17', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] });
    const seen = await coffer.client.watch<any>(WATCH_OPERATION, { id: made.operationId, after: cursor }, (item) => ['SUCCEEDED', 'FAILED'].includes(item.operation.operation.state), 170_000);
    const last = seen.at(-1).operation.operation;
    expect(last.fault).toBeNull();
    const running = new Set(seen.map((item) => item.operation.operation.step));
    for (const step of ['install-engine', 'create-guest', 'initialise', 'start', 'databases', 'users', 'verify']) expect(running).toContain(step);
    const progress = seen.map((item) => item.operation.operation.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);

    const instance = await until(coffer.client, made.id, (i) => i.status === 'ACTIVE').then(() => show(coffer.client, made.id));
    expect(await psql(enginesFolder, instance, { user: 'app', password: made.passwords['app']!, database: 'shop' }, 'create table t(a int); insert into t values (41); select a + 1 from t')).toContain('42');
    expect(instance.conditions.map((c: any) => c.type).includes('IsolationShared')).toBe(uid !== undefined || !isRoot);
    expect(await lookIntoStore(coffer, `select agent->>'version' as version from instance where id = $1`, [made.id])).toEqual([{ version: releaseVersion() }]);
    expect(await readFile(join(coffer.home, 'instances', made.id, 'logs/postgresql.log'), 'utf8')).not.toContain('PID file');
  });

  it('loses nothing of a create whose gateway is killed', async () => {
    const made = await create(coffer.client, { name: 'survivor', datastore: 'redis', version: '8', flavor: 'nano', users: [{ name: 'app' }] });
    process.kill(await coffer.gatewayPid(), 'SIGKILL');
    await waitReady(coffer);
    expect((await finish(coffer.client, made.operationId)).state).toBe('SUCCEEDED');
    const instance = await show(coffer.client, made.id);
    expect(await redisCli(enginesFolder, instance, { user: 'app', password: made.passwords['app']! }, 'set', 'k', 'v')).toBe('OK');
  });

  it('tells the truth while an engine and an agent are dead, and brings both back', async () => {
    const { instances } = await coffer.client.query('{ instances { edges { node { id name } } } }');
    for (const { node: { id } } of instances.edges) {
      const unwell = until(coffer.client, id, (i) => i.status === 'UNHEALTHY');
      await until(coffer.client, id, (i) => i.status === 'ACTIVE');
      process.kill(await enginePid(id), 'SIGKILL');
      await unwell;
      await until(coffer.client, id, (i) => i.status === 'ACTIVE');
      const before = await enginePid(id);
      process.kill(await agentPid(id), 'SIGKILL');
      await until(coffer.client, id, (i) => i.status === 'UNKNOWN' && i.conditions.some((c: any) => c.type === 'AgentUnreachable'));
      await until(coffer.client, id, (i) => i.status === 'ACTIVE');
      expect(await enginePid(id)).toBe(before);
    }
  });

  it('leaves databases running when it ends, and adopts them when it is back', async () => {
    const { instances } = await coffer.client.query('{ instances { edges { node { id } } } }');
    const ids = instances.edges.map((e: any) => e.node.id);
    const engines = await Promise.all(ids.map(enginePid));
    await coffer.end('SIGTERM');
    expect(await Promise.all(ids.map(enginePid))).toEqual(engines);
    await coffer.start();
    for (const id of ids) await until(coffer.client, id, (i) => i.status === 'ACTIVE');
    expect(await Promise.all(ids.map(enginePid))).toEqual(engines);
  });

  it('removes everything of what is deleted', async () => {
    const { instances } = await coffer.client.query('{ instances { edges { node { id } } } }');
    for (const { node: { id } } of instances.edges) {
      await remove(coffer.client, id);
      expect(await processesOf(id)).toEqual([]);
      expect(existsSync(join(coffer.home, 'instances', id))).toBe(false);
    }
    expect((await coffer.client.query('{ instances { totalCount } }')).instances.totalCount).toBe(0);
  });
});

/** The killed gateway is started again by the host; what a client sees of it is a refused connection for a moment. */
async function waitReady(coffer: Installation): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const ok = await fetch(coffer.url.replace('/graphql', '/readyz')).then((r) => r.ok, () => false);
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`the gateway did not come back:\n${coffer.output()}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
