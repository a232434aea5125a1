/** A volume grows while the engine's own load generator runs: what becomes of its rate, and whether anything is refused. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, create, remove, show, succeed } from '../../test/support/actions.ts';
import { noLoop } from '../../test/support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../test/support/installation.ts';
import type { Bench } from '../support/bench.ts';
import { median } from '../support/numbers.ts';
import { enginePorts } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id } } ... on Error { message } } }';

interface Sample { at: number; rate: number }
interface Load { program: string; env: Record<string, string>; args: string[]; rateOf(line: string): number | null; isError(line: string): boolean }
interface Target { host: string; port: number; user: string; password: string; caFile: string; seconds: number }
interface Kind { title: string; input: Record<string, unknown>; prepare?(target: Target): Pick<Load, 'program' | 'env' | 'args'>; load(target: Target): Load }

const pgEnvironment = ({ password, caFile }: Target): Record<string, string> => ({ PGPASSWORD: password, PGSSLMODE: 'verify-full', PGSSLROOTCERT: caFile });
const pgTarget = ({ host, port, user }: Target): string[] => ['-h', host, '-p', String(port), '-U', user];

const kinds: readonly Kind[] = [
  {
    title: 'PostgreSQL 17, pgbench', input: { datastore: 'postgresql', version: '17', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
    prepare: (target) => ({ program: 'pgbench', env: pgEnvironment(target), args: ['-i', '-q', '-s', '5', ...pgTarget(target), 'shop'] }),
    load: (target) => ({
      program: 'pgbench', env: pgEnvironment(target), args: ['-n', '-c', '4', '-P', '1', '-T', String(target.seconds), ...pgTarget(target), 'shop'],
      rateOf: (line) => numberIn(/^progress: .* ([\d.]+) tps/, line), isError: (line) => /ERROR|FATAL|aborted/.test(line),
    }),
  },
  {
    title: 'Redis 8, redis-benchmark', input: { datastore: 'redis', version: '8', users: [{ name: 'app' }] },
    // It takes the password in its arguments alone; this one lives as long as the bench.
    load: ({ host, port, user, password, caFile }) => ({
      program: 'redis-benchmark', env: {}, args: ['-h', host, '-p', String(port), '--tls', '--cacert', caFile, '--user', user, '-a', password, '-t', 'set', '-r', '100000', '-d', '100', '-c', '4', '-n', String(manyRequests)],
      rateOf: (line) => numberIn(/^SET: rps=([\d.]+)/, line), isError: (line) => /^Error/.test(line),
    }),
  },
];
/** More than can be done while we look. */
const manyRequests = 100_000_000;
const numberIn = (pattern: RegExp, text: string): number | null => { const found = pattern.exec(text)?.[1]; return found === undefined ? null : Number(found); };

interface Grown { before: number[]; during: number[]; after: number[]; errors: number; operationMs: number }

async function growUnder(coffer: Installation, kind: Kind, type: string, seconds: number): Promise<Grown> {
  const { client } = coffer;
  const made = await create(client, { name: `grows-${type}`, volume: { sizeGb: 2, type }, ...kind.input });
  await succeed(client, made.operationId);
  const instance = await show(client, made.id);
  const folder = await mkdtemp(join(tmpdir(), 'coffer-bench-'));
  try {
    const [{ host, port }] = instance.endpoints;
    const target: Target = { host, port, user: 'app', password: made.passwords['app']!, caFile: join(folder, 'ca.pem'), seconds: 3 * seconds };
    await writeFile(target.caFile, instance.caCertificate);
    if (kind.prepare) await run(instance.build, kind.prepare(target));
    const samples: Sample[] = [];
    let errors = 0;
    const load = kind.load(target);
    const child = await start(instance.build, load, (line) => {
      const rate = load.rateOf(line);
      if (rate !== null) samples.push({ at: performance.now(), rate });
      else if (load.isError(line)) errors += 1;
    });
    const [since, ended] = [performance.now(), once(child, 'close')];
    const wait = (ms: number): Promise<unknown> => Promise.race([ended, new Promise((resolve) => { setTimeout(resolve, ms); })]);
    await wait(seconds * 1_000);
    const askedAt = performance.now();
    const { resizeVolume } = await client.query(RESIZE, { input: { instanceId: made.id, sizeGb: 4 } });
    if (!resizeVolume.operation) throw new Error(`the growth was refused: ${resizeVolume.message}`);
    await succeed(client, resizeVolume.operation.id);
    const grownAt = performance.now();
    await wait(3 * seconds * 1_000 - (grownAt - since));
    child.kill('SIGTERM');
    await ended;
    const within = (from: number, until: number): number[] => samples.filter(({ at }) => at >= from && at < until).map(({ rate }) => rate);
    // A sample tells of the time before it: the one after the end is of it as well. The first is of the start.
    const until = samples.find(({ at }) => at > grownAt)?.at ?? grownAt;
    const grown = { before: within(since, askedAt).slice(1), during: within(askedAt, until + 1), after: within(until + 1, Infinity) };
    // redis-benchmark ends with the first error.
    for (const [when, rates] of Object.entries(grown)) if (rates.length === 0) throw new Error(`${load.program} told no rate ${when} the growth, and ${errors} errors`);
    return { ...grown, errors, operationMs: grownAt - askedAt };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await remove(client, made.id);
  }
}

async function start(build: string, { program, env, args }: Pick<Load, 'program' | 'env' | 'args'>, onLine: (line: string) => void) {
  const child = spawn(await binary(enginesFolder, build, program), args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop()!;
      lines.forEach(onLine);
    });
  }
  return child;
}

async function run(build: string, load: Pick<Load, 'program' | 'env' | 'args'>): Promise<void> {
  const lines: string[] = [];
  const [code] = await once(await start(build, load, (line) => lines.push(line)), 'close');
  if (code !== 0) throw new Error(`${load.program} ended with ${String(code)}: ${lines.slice(-3).join('; ')}`);
}

export const bench: Bench = async ({ quick, say }) => {
  const seconds = quick ? 4 : 15;
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const rows: Cell[][] = [];
  try {
    for (const type of ['directory', ...(noLoop === null ? ['loop'] : [])]) {
      for (const kind of kinds) {
        say(`${kind.title}, a volume of type ${type}`);
        const { before, during, after, errors, operationMs } = await growUnder(coffer, kind, type, seconds);
        rows.push([kind.title, type, operationMs, median(before), Math.min(...before), Math.min(...during), median(after), Math.min(...during) / median(before), errors]);
      }
    }
    return [{
      title: 'A volume grows from 2 to 4 GB under load', notes: ['Rates are what the load generator says each second (pgbench) or quarter of one (redis-benchmark), four connections over TLS; "growing" is the lowest of those between the mutation and the end of the operation, beside the lowest and the median of the time before. Errors: lines in which it complains; the goal is none.'],
      columns: ['load', 'volume', 'operation ms', 'before, median /s', 'before, lowest', 'growing, lowest', 'after, median', 'lowest ÷ median', 'errors'], rows,
    }];
  } finally {
    await coffer.remove();
  }
};
