/** A configuration group on many instances: what it costs the control plane (rows, no engines), and how long ten engines take. */
import { create, redisCli, show, succeed } from '../../test/support/actions.ts';
import { enginesFolder, type Installation, startInstallation } from '../../test/support/installation.ts';
import { startBareServer } from '../support/bare-server.ts';
import type { Bench } from '../support/bench.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { growFleet, removeCreated } from '../support/fleet.ts';
import { connections, load, type LoadRequest } from '../support/load.ts';
import { median, spread } from '../support/numbers.ts';
import { enginePorts } from '../support/ports.ts';
import { countStatements } from '../support/statements.ts';
import type { Cell, Table } from '../support/table.ts';

const fleetSize = 200;
const valueCount = 100;
const engineCount = 10;
const version = { datastore: 'postgresql', version: '17' };

const VALIDATE = 'mutation ($input: ValidateConfigurationInput!) { result: validateConfiguration(input: $input) { __typename ... on ValidateConfigurationPayload { values { name value } evaluations { values { name value } issues { name message } } } ... on Error { message } } }';
const MAKE = 'mutation ($input: CreateConfigurationInput!) { result: createConfiguration(input: $input) { ... on CreateConfigurationPayload { configuration { id } } ... on Error { message } } }';
const ATTACH = 'mutation ($input: AttachConfigurationInput!) { result: attachConfiguration(input: $input) { __typename ... on AttachConfigurationPayload { instance { id } operation { id } } ... on Error { message } } }';
const PATCH = 'mutation ($input: PatchConfigurationInput!) { result: patchConfiguration(input: $input) { ... on PatchConfigurationPayload { operation { id } } ... on Error { message } } }';
const PARAMETERS = 'query ($after: String) { datastore(name: "postgresql") { versions(first: 10) { edges { node { name parameters(first: 100, after: $after) { edges { node { name type default settable } } pageInfo { endCursor hasNextPage } } } } } } }';

async function answerOf({ client }: Installation, query: string, input: object): Promise<any> {
  const { result } = await client.query(query, { input });
  if (result.message) throw new Error(`the request is refused: ${result.message}`);
  return result;
}

/** A formula among literals: that is what has to be worked out. */
async function manyValues({ client }: Installation): Promise<{ name: string; value: unknown }[]> {
  const all: any[] = [];
  for (let after: string | null = null, isLast = false; !isLast;) {
    const { datastore }: any = await client.query(PARAMETERS, { after });
    const { edges, pageInfo } = datastore.versions.edges.map(({ node }: any) => node).find(({ name }: any) => name === version.version).parameters;
    all.push(...edges.map(({ node }: any) => node));
    [after, isLast] = [pageInfo.endCursor, !pageInfo.hasNextPage];
  }
  const found = all.filter(({ name, type, default: usual, settable }: any) => settable && usual !== null && type !== 'STRING' && !name.includes('.') && name !== 'work_mem');
  return [{ name: 'work_mem', value: '{memoryMb}MB * 0.01' }, ...found.slice(0, valueCount - 1).map(({ name, default: value }: any) => ({ name, value }))];
}

interface Request { title: string; count: number; body(): string; reset(): Promise<void> }

async function rowOf(plane: ControlPlane, { title, count, body, reset }: Request, rounds: number): Promise<Cell[]> {
  const { url, token } = plane.coffer;
  const request: LoadRequest = { url, token, body };
  const first = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: body() });
  const answer = await first.text();
  if (!first.ok || !answer.includes('Payload"')) throw new Error(`${title} is refused: ${answer.slice(0, 500)}`);
  const wallMs: number[] = [];
  const bareMs: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await reset();
    const run = await load(request, { requests: count });
    const bare = await startBareServer(answer);
    const bareRun = await load({ ...request, url: bare.url }, { requests: count });
    await bare.stop();
    // the first fills caches
    if (round === 0) continue;
    wallMs.push((count / run.perSecond) * 1_000);
    bareMs.push((count / bareRun.perSecond) * 1_000);
  }
  await reset();
  const { own } = await countStatements(plane, () => load(request, { requests: count }));
  await reset();
  return [title, count, median(wallMs), spread(wallMs), median(wallMs) / count, median(bareMs) / count, median(wallMs) / median(bareMs), own / count];
}

async function ofRows(rounds: number): Promise<Table> {
  const plane = await startControlPlane();
  try {
    const fleet = await growFleet(plane.db, null, fleetSize);
    await plane.db.query(`update instance set agent = jsonb_set(agent, '{capabilities}', agent->'capabilities' || '["CONFIGURATION"]')`);
    const values = await manyValues(plane.coffer);
    const { configuration } = await answerOf(plane.coffer, MAKE, { name: 'web', ...version, values: values.slice(0, 10) });
    let next = 0;
    const detachAll = async (): Promise<void> => {
      await plane.db.query('update instance set configuration_id = null, configuration_revision = null, task = null, task_id = null');
      await removeCreated(plane.db);
      next = 0;
    };
    const validate: Request = { title: `${values.length} values judged, one flavor`, count: 100, body: () => JSON.stringify({ query: VALIDATE, variables: { input: { ...version, values, flavors: ['small'] } } }), reset: () => Promise.resolve() };
    const attach: Request = {
      title: 'a group of 10 values given to an instance', count: fleetSize, reset: detachAll,
      body: () => JSON.stringify({ query: ATTACH, variables: { input: { configurationId: configuration.id, instanceId: fleet.ids[next++ % fleetSize] } } }),
    };
    return {
      title: 'A group, control plane', notes: [`${connections} at a time; ${fleetSize} instances are rows without engines, and no worker takes up what was accepted. "bare" is the same answer as a constant from a bare HTTP server. SQL: what the store logged for one, BEGIN and COMMIT among them.`],
      columns: ['request', 'requests', 'wall ms', 'runs', 'ms each', 'bare ms each', '× bare', 'SQL each'],
      rows: [await rowOf(plane, validate, rounds), await rowOf(plane, attach, rounds)],
    };
  } finally {
    await plane.remove();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

async function ofEngines(): Promise<Table> {
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const { client } = coffer;
  try {
    const users = [{ name: 'app', databases: [] }];
    const made = await Promise.all(Array.from({ length: engineCount }, (_, i) => create(client, { name: `redis-${i}`, datastore: 'redis', version: '8', flavor: 'nano', users })));
    for (const { operationId } of made) await succeed(client, operationId);
    const { configuration: { id } } = await answerOf(coffer, MAKE, { name: 'web', datastore: 'redis', version: '8', values: [{ name: 'slowlog-max-len', value: 64 }, { name: 'repl-backlog-size', value: '{memoryMb}kB * 2' }] });
    const patch = async (value: number, waveSize: number): Promise<void> => {
      const { operation } = await answerOf(coffer, PATCH, { configurationId: id, set: [{ name: 'slowlog-max-len', value }], waveSize });
      await succeed(client, operation.id);
    };
    const shown = await Promise.all(made.map((one) => show(client, one.id)));
    const bareMs = await timed(async () => { for (const [i, one] of shown.entries()) await redisCli(enginesFolder, one, { user: 'app', password: made[i]!.passwords['app']! }, 'ping'); });
    const rows: [string, number][] = [
      ['given to ten, all asked for at once', await timed(() => Promise.all(made.map(async (one) => succeed(client, (await answerOf(coffer, ATTACH, { configurationId: id, instanceId: one.id })).operation.id))))],
      ['changed on ten, waves of ten', await timed(() => patch(65, 10))],
      ['changed on ten, waves of three', await timed(() => patch(66, 3))],
      ['changed on ten, one after the other', await timed(() => patch(67, 1))],
    ];
    return {
      title: 'A group, ten Redis', notes: ['Until the last operation has ended, which is when each agent has reported that its engine\'s files hold the values. "bare": a stock redis-cli to each of the ten over TLS, one after the other.'],
      columns: ['what', 'wall ms', 'ms each', 'bare ms', '× bare'], rows: rows.map(([what, ms]): Cell[] => [what, ms, ms / engineCount, bareMs, ms / bareMs]),
    };
  } finally {
    await coffer.remove();
  }
}

export const bench: Bench = async ({ quick, say }) => {
  say(`${fleetSize} instances as rows`);
  const rows = await ofRows(quick ? 1 : 5);
  say(`${engineCount} engines`);
  return [rows, await ofEngines()];
};
