/** How long clients are without 1 GB of PostgreSQL while it comes from 15 to 18; beside pg_upgrade by hand on as much. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { binary, create, psql, remove, show, succeed } from '../../test/support/actions.ts';
import { noLoop } from '../../test/support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../test/support/installation.ts';
import { upgraded } from '../../test/support/upgrade.ts';
import { programsOf, runBareScript } from '../support/bare-engine.ts';
import type { Bench } from '../support/bench.ts';
import { median, spread } from '../support/numbers.ts';
import { bareEnginePort, enginePorts } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const [from, to] = ['15', '18'];
/** 15 MB each */
const scaleOf = (quick: boolean): number => (quick ? 4 : 68);
const volumeGb = 6;
const fillMs = 300_000;

interface Upgraded { seenMs: number; toldMs: number; wallMs: number; builds: { from: string; to: string }; dataBytes: number }

async function upgradeOnce(coffer: Installation, type: string, scale: number): Promise<Upgraded> {
  const { client } = coffer;
  const made = await create(client, { name: `up-${type}`, datastore: 'postgresql', version: from, volume: { sizeGb: volumeGb, type }, databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] });
  await succeed(client, made.operationId);
  const instance = await show(client, made.id);
  const login = { user: 'app', password: made.passwords['app']!, database: 'shop' };
  await fill(instance, login, scale);
  const dataBytes = Number(await psql(enginesFolder, instance, login, "select pg_database_size('shop')"));

  const stop = new AbortController();
  const looking = lookAt(instance, login, stop.signal);
  const since = performance.now();
  const { operation } = await upgraded(client, { instanceId: made.id, version: to });
  const wallMs = performance.now() - since;
  stop.abort();
  const { node } = await client.query('query ($id: ID!) { node(id: $id) { ... on Operation { interruptionMs } } }', { id: operation.id });
  const seenMs = longestGap(await looking);
  const after = await show(client, made.id);
  const rows = await psql(enginesFolder, after, login, 'select count(*) from pgbench_accounts');
  if (Number(rows) !== scale * rowsPerScale) throw new Error(`${rows} rows are there after the upgrade`);
  await remove(client, made.id);
  return { seenMs, toldMs: node.interruptionMs, wallMs, builds: { from: instance.build, to: after.build }, dataBytes };
}
/** pgbench's own */
const rowsPerScale = 100_000;

async function fill(instance: any, { user, password, database }: { user: string; password: string; database: string }, scale: number): Promise<void> {
  const [{ host, port }] = instance.endpoints;
  await promisify(execFile)(await binary(enginesFolder, instance.build, 'pgbench'), ['-i', '-q', '-s', String(scale), '-h', host, '-p', String(port), '-U', user, database], {
    env: { PGPASSWORD: password, PGSSLMODE: 'require' }, timeout: fillMs, maxBuffer: 2 ** 24,
  });
}

/** When a fresh connection was answered, again and again. */
async function lookAt(instance: any, { user, password, database }: { user: string; password: string; database: string }, signal: AbortSignal): Promise<number[]> {
  const [{ host, port }] = instance.endpoints;
  const answered: number[] = [];
  while (!signal.aborted) {
    const client = new Client({ host, port, user, password, database, ssl: { ca: instance.caCertificate }, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    await client.connect().then(() => client.query('select 1')).then(() => answered.push(performance.now()), () => {});
    await client.end().catch(() => {});
    await delay(lookEveryMs);
  }
  return answered;
}
const lookEveryMs = 20;
const longestGap = (at: readonly number[]): number => at.reduce((most, one, i) => (i === 0 ? 0 : Math.max(most, one - at[i - 1]!)), 0);

export const bench: Bench = async ({ quick, say }) => {
  const [rounds, scale] = [quick ? 1 : 3, scaleOf(quick)];
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const rows: { what: string; seen: number[]; told: number[]; wall: number[] }[] = [];
  let last: Upgraded | undefined;
  try {
    for (const type of ['directory', ...(noLoop === null ? ['loop'] : [])]) {
      const all: Upgraded[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        say(`a volume of type ${type}, round ${round} of ${rounds}`);
        all.push(await upgradeOnce(coffer, type, scale));
      }
      last = all.at(-1);
      rows.push({ what: type === 'loop' ? 'Coffer, loop volume (XFS: reflinks)' : 'Coffer, directory volume (ext4: a real copy)', seen: all.map(({ seenMs }) => seenMs), told: all.map(({ toldMs }) => toldMs), wall: all.map(({ wallMs }) => wallMs) });
    }
    const [older, newer] = await Promise.all([programsOf(last!.builds.from, 'initdb'), programsOf(last!.builds.to, 'initdb')]);
    const bare: Record<string, number[]> = { copy: [], link: [] };
    for (const [mode, seen] of Object.entries(bare)) {
      for (let round = 1; round <= rounds; round += 1) {
        say(`pg_upgrade --${mode} by hand, round ${round} of ${rounds}`);
        const { answer } = await runBareScript('upgrade-postgresql.sh', (home) => [older, newer, home, String(bareEnginePort), String(scale), mode]);
        const ms = Number(/^interrupted (\d+)/.exec(answer)?.[1]);
        if (!(ms > 0)) throw new Error(`pg_upgrade by hand ended with ${answer}; nothing was measured`);
        seen.push(ms);
      }
      rows.push({ what: `pg_upgrade --${mode} by hand`, seen, told: [], wall: [] });
    }
    const [copy, link] = [median(bare['copy']!), median(bare['link']!)];
    return [{
      title: `PostgreSQL ${from} → ${to}, ${Math.round(last!.dataBytes / 1024 ** 2)} MiB`,
      notes: ['"seen": the longest time in which no fresh connection was answered; "told": what the operation says; "all": from the mutation to the end of the operation. By hand: from the stop to the first answer, with the new cluster made beforehand; --copy can be gone back on, --link can not, and neither checks, verifies or gathers statistics.'],
      columns: ['what', 'seen ms', 'runs', 'told ms', 'all ms', '× copy', '× link'],
      rows: rows.map(({ what, seen, told, wall }): Cell[] => [what, median(seen), spread(seen), told.length > 0 ? median(told) : null, wall.length > 0 ? median(wall) : null, median(seen) / copy, median(seen) / link]),
    }];
  } finally {
    await coffer.remove();
  }
};
