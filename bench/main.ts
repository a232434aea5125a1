/**
 * npm run bench [-- names… --quick --json FILE]
 *
 * Measures the built product (`dist/`) and prints tables with ratios to what the machine could do at best. Nothing is
 * asserted: read the numbers together with the load line of each part.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Bench } from './support/bench.ts';
import { foreignLoadPercent, loadText, machine } from './support/machine.ts';
import { renderTable, type Table } from './support/table.ts';

const benches: Record<string, { about: string; load(): Promise<{ bench: Bench }> }> = {
  requests: { about: 'list, show and create accepted, beside a bare HTTP server and a bare driver loop', load: () => import('./benches/requests.ts') },
  growth: { about: 'cost of one list, show, create and status update among 10, 1,000 and 10,000 instances', load: () => import('./benches/growth.ts') },
  subscriptions: { about: '1,000 and 5,000 live subscriptions on one gateway', load: () => import('./benches/subscriptions.ts') },
  create: { about: 'create → ACTIVE beside a bare shell script that does the same engine work', load: () => import('./benches/create-active.ts') },
  mixed: { about: 'ten instances of mixed engines created at once, beside their bare scripts one after the other', load: () => import('./benches/mixed.ts') },
  kills: { about: 'from the death of an engine to the event at a subscriber', load: () => import('./benches/kills.ts') },
  memory: { about: 'memory of gateway and agents, idle and after load', load: () => import('./benches/memory.ts') },
  configuration: { about: 'a group given to 200 instances, 100 values judged, a change on ten engines', load: () => import('./benches/configuration.ts') },
  upgrade: { about: '1 GB of PostgreSQL from 15 to 18, beside pg_upgrade by hand', load: () => import('./benches/upgrade.ts') },
  volume: { about: 'a volume that grows while pgbench and redis-benchmark run', load: () => import('./benches/volume.ts') },
  start: { about: 'first answer of a gateway process, warm `npm start`', load: () => import('./benches/start.ts') },
};

const say = (text: string): void => void process.stderr.write(`  ${text}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
  const unknown = positionals.filter((name) => !(name in benches));
  if (values.help || unknown.length > 0) {
    const list = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(14)} ${about}`).join('\n');
    process.stderr.write(`${unknown.length > 0 ? `there is no bench "${unknown[0]}"\n` : ''}usage: npm run bench -- [names…] [--quick] [--json FILE]\n${list}\n`);
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(benches);
  const on = machine();
  const startedAt = new Date().toISOString();
  process.stdout.write(`${startedAt.slice(0, 16).replace('T', ' ')} UTC · ${on.cores} × ${on.cpu} · ${on.memoryGib} GiB · Linux ${on.kernel} · Node ${on.node}${values.quick ? ' · QUICK, not to be quoted' : ''}\n\n`);
  const results: { name: string; busyPercentBefore: number; tables: Table[] }[] = [];
  const save = async (): Promise<void> => { if (values.json) await writeFile(values.json, `${JSON.stringify({ startedAt, machine: on, results }, null, 2)}\n`); };
  for (const name of names) {
    const busyPercentBefore = await foreignLoadPercent();
    process.stderr.write(`${name} (others use ${busyPercentBefore} % of the machine; load ${loadText()})\n`);
    const { bench } = await benches[name]!.load();
    const tables = await bench({ quick: values.quick, say });
    results.push({ name, busyPercentBefore, tables });
    const calm = `Others used ${busyPercentBefore} % of the machine when this began, ${await foreignLoadPercent()} % when it ended.`;
    for (const table of tables) process.stdout.write(`${renderTable({ ...table, notes: [...table.notes, calm] })}\n`);
    await save();
  }
}

await main();
