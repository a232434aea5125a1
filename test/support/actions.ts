/** What end-to-end tests do again and again, through the public API and with stock clients. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CREATE, DELETE, INSTANCE, WATCH_INSTANCE, WATCH_OPERATION } from './documents.ts';
import type { TestClient } from './graphql-client.ts';

const run = promisify(execFile);
const ended = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);

export interface Created { id: string; operationId: string; passwords: Record<string, string> }

export async function create(client: TestClient, input: Record<string, unknown>): Promise<Created> {
  const { createInstance: answer } = await client.query(CREATE, { input: { flavor: 'small', volume: { sizeGb: 1 }, ...input } });
  if (answer.__typename !== 'CreateInstancePayload') throw new Error(`createInstance was refused: ${JSON.stringify(answer)}`);
  return {
    id: answer.instance.id, operationId: answer.operation.id,
    passwords: Object.fromEntries(answer.userCredentials.map((c: { name: string; password: string }) => [c.name, c.password])),
  };
}

export interface OperationNow { id: string; state: string; progress: number; fault: { code: string; message: string } | null; steps: { name: string; state: string; message: string | null; attempts: number }[] }

/** Follows the operation by subscription until it has ended. */
export async function finish(client: TestClient, operationId: string, timeoutMs = 180_000): Promise<OperationNow> {
  const seen = await client.watch<any>(WATCH_OPERATION, { id: operationId }, (item) => ended.has(item.operation.operation.state), timeoutMs);
  return seen.at(-1).operation.operation;
}
export async function succeed(client: TestClient, operationId: string, timeoutMs?: number): Promise<OperationNow> {
  const operation = await finish(client, operationId, timeoutMs);
  if (operation.state !== 'SUCCEEDED') throw new Error(`the operation ended ${operation.state}: ${JSON.stringify(operation.fault)} ${JSON.stringify(operation.steps)}`);
  return operation;
}
/** Asks again and again until it has ended, also while gateways and store come and go. */
export async function endOf(client: TestClient, operationId: string, timeoutMs = 120_000): Promise<OperationNow> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await client.query('query($id: ID!) { node(id: $id) { ... on Operation { id kind state progress fault { code message } steps { name state message attempts } } } }', { id: operationId }).catch(() => null);
    if (answer?.node && ended.has(answer.node.state)) return answer.node;
    if (Date.now() > deadline) throw new Error(`operation ${operationId} did not end within ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}
export const show = async (client: TestClient, id: string): Promise<any> => (await client.query(INSTANCE, { id })).instance;

/** Resolves with the instance once it holds; driven by the subscription. */
export async function until(client: TestClient, id: string, holds: (instance: any) => boolean, timeoutMs = 60_000): Promise<any> {
  const seen = await client.watch<any>(WATCH_INSTANCE, { id }, (item) => item.instance.instance !== null && holds(item.instance.instance), timeoutMs);
  return seen.at(-1).instance.instance;
}
export async function remove(client: TestClient, id: string, force = false): Promise<void> {
  const { deleteInstance: answer } = await client.query(DELETE, { input: { instanceId: id, force } });
  if (answer.__typename !== 'DeleteInstancePayload') throw new Error(`deleteInstance was refused: ${JSON.stringify(answer)}`);
  await succeed(client, answer.operation.id);
}

export interface Login { user: string; password: string; database?: string }

/** A program of the engine's own build, so that client and server fit and nothing of the host is needed. */
export async function binary(engines: string, build: string, name: string): Promise<string> {
  const record = join(engines, 'builds', build);
  for (const folder of await foldersBelow(record, 5)) {
    if ((await readdir(folder).catch((): string[] => [])).includes(name)) return join(folder, name);
  }
  throw new Error(`the build ${build} has no ${name}`);
}
async function foldersBelow(root: string, depth: number): Promise<string[]> {
  const entries = depth === 0 ? [] : await readdir(root, { withFileTypes: true }).catch(() => []);
  const inner = await Promise.all(entries.filter((e) => e.isDirectory() && /^(usr|bin|lib|jvm|java-[\w-]+|postgresql|\d+)$/.test(e.name)).map((e) => foldersBelow(join(root, e.name), depth - 1)));
  return [root, ...inner.flat()];
}

export async function withCa<T>(instance: any, work: (caFile: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-ca-'));
  try {
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, instance.caCertificate);
    return await work(caFile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stock psql with verify-full; answers its output, throws with its words. */
export const psql = (engines: string, instance: any, login: Login, sql: string, timeoutMs = 30_000): Promise<string> => withCa(instance, async (caFile) => {
  const [{ host, port }] = instance.endpoints;
  const { stdout } = await run(await binary(engines, instance.build, 'psql'), ['-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
    env: { PGHOST: host, PGPORT: String(port), PGUSER: login.user, PGPASSWORD: login.password, PGDATABASE: login.database ?? 'postgres', PGSSLMODE: 'verify-full', PGSSLROOTCERT: caFile, PGCONNECT_TIMEOUT: '5' }, timeout: timeoutMs,
  });
  return stdout.trim();
});

/** Stock redis-cli over TLS. */
export const redisCli = (engines: string, instance: any, login: Login, ...command: string[]): Promise<string> => withCa(instance, async (caFile) => {
  const [{ host, port }] = instance.endpoints;
  const { stdout } = await run(await binary(engines, instance.build, 'redis-cli'), ['-h', host, '-p', String(port), '--tls', '--cacert', caFile, '--user', login.user, '--no-auth-warning', ...command], {
    env: { REDISCLI_AUTH: login.password }, timeout: 30_000,
  });
  return stdout.trim();
});

/** Processes that belong to an instance, by the mark in their environment or their arguments. */
export async function processesOf(instanceId: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [environ, cmdline, stat] = await Promise.all(['environ', 'cmdline', 'stat'].map((f) => readFile(`/proc/${name}/${f}`, 'latin1').catch(() => '')));
    // engines rewrite their arguments and environment; their working folder stays
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (stat!.includes(') Z ')) continue;
    if (environ!.includes(`COFFER_INSTANCE=${instanceId}`) || cmdline!.includes(instanceId) || cwd.includes(instanceId)) found.push({ pid: Number(name), command: cmdline!.replaceAll('\0', ' ').trim() });
  }
  return found;
}
export async function agentPid(instanceId: string): Promise<number> {
  const agent = (await processesOf(instanceId)).find((p) => /agent\.mjs|agent\/main\.ts/.test(p.command));
  if (!agent) throw new Error(`no agent of ${instanceId} runs`);
  return agent.pid;
}
/** The engine's first process. */
export async function enginePid(instanceId: string): Promise<number> {
  const engines = (await processesOf(instanceId)).filter((p) => !/agent\.mjs|agent\/main\.ts|coffer-launch/.test(p.command)).sort((a, b) => a.pid - b.pid);
  const engine = engines.find((p) => /(postgres|redis-server)\b/.test(p.command)) ?? engines[0];
  if (!engine) throw new Error(`no engine of ${instanceId} runs`);
  return engine.pid;
}
