/**
 * The three requests that come most, at ten connections. Gateway, store and load generator share the machine, as do the
 * bare HTTP server and the bare driver loop they are compared with. Rounds alternate between what is compared, so that a
 * busy moment of the machine hits all alike; the tables show medians of the rounds.
 */
import type { Caller } from '../../gateway/domain/api.ts';
import { createInstanceDocuments } from '../../gateway/domain/instance/documents.ts';
import { findInstance, listInstances } from '../../gateway/domain/instance/read.ts';
import { type BareWork, runBareDriver } from '../support/bare-driver.ts';
import { startBareServer } from '../support/bare-server.ts';
import type { Bench, BenchOptions } from '../support/bench.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { CREATE, LIST, SHOW } from '../support/documents.ts';
import { type Fleet, growFleet, removeCreated } from '../support/fleet.ts';
import { connections, load, type LoadRequest, type LoadResult } from '../support/load.ts';
import { median, spread } from '../support/numbers.ts';
import { cpuMsOf, cpuMsOfTree, storePid } from '../support/processes.ts';
import { sentBy } from '../support/sent-statement.ts';
import { countStatements, type StatementCount } from '../support/statements.ts';
import type { Cell, Table } from '../support/table.ts';

const fleetSize = 1_000;
const pageSize = 20;
const goals = { list: 2_000, show: 4_000, create: 600 } as const;
type Name = keyof typeof goals;

interface Subject { name: Name; title: string; request: LoadRequest; bare: BareWork; reset(): Promise<void> }
interface Measured { gateway: LoadResult[]; gatewayCpuUs: number[]; storeCpuUs: number[]; http: number[]; driver: number[]; statements: StatementCount; answerBytes: number }

const operator: Caller = { tokenId: '', tokenName: 'bench', role: 'OPERATOR', projectId: null, actor: 'bench', clientAddress: null, requestId: '', expiresAt: null };
let made = 0;
export const createBody = (projectId: string): string => JSON.stringify({
  query: CREATE,
  variables: { input: { projectId, name: `c-${process.pid}-${(made += 1)}`, datastore: 'postgresql', version: '17', flavor: 'small', volume: { sizeGb: 1 }, databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] } },
});

async function subjectsOf(plane: ControlPlane, fleet: Fleet): Promise<Subject[]> {
  const { url, token } = plane.coffer;
  const id = fleet.ids[fleet.ids.length >> 1]!;
  const nothing = (): Promise<void> => Promise.resolve();
  const read = (statement: { text: string; values: unknown[] }): BareWork => ({ url: plane.storeUrl, connections, kind: 'read', ...statement });
  return [
    {
      name: 'list', title: `list ${pageSize} of ${fleetSize.toLocaleString('en-US')}`, reset: nothing, request: { url, token, body: JSON.stringify({ query: LIST, variables: { first: pageSize } }) },
      bare: read(await sentBy((tx) => listInstances(tx, createInstanceDocuments(), operator, { first: pageSize }, {}, { field: 'CREATED_AT', direction: 'ASC' }))),
    },
    { name: 'show', title: 'show one', reset: nothing, request: { url, token, body: JSON.stringify({ query: SHOW, variables: { id } }) }, bare: read(await sentBy((tx) => findInstance(tx, operator, { id }))) },
    {
      name: 'create', title: 'create accepted', reset: () => removeCreated(plane.db), request: { url, token, body: () => createBody(fleet.projectId) },
      bare: { url: plane.storeUrl, connections, kind: 'insert', projectId: fleet.projectId, hostId: fleet.hostId, versionId: fleet.versionId, flavorId: fleet.flavorId },
    },
  ];
}

async function answerOf({ url, token, body }: LoadRequest): Promise<string> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: typeof body === 'string' ? body : body() });
  const text = await answer.text();
  if (!answer.ok || text.includes('"errors"') || /"__typename":"\w+Error"/.test(text)) throw new Error(`the request is refused: ${text.slice(0, 500)}`);
  return text;
}

async function measure(plane: ControlPlane, subject: Subject, { quick, say }: BenchOptions): Promise<Measured> {
  const [rounds, seconds, warmSeconds] = quick ? [1, 2, 1] : [5, 4, 4];
  const [gatewayPid, store] = [await plane.coffer.gatewayPid(), await storePid(plane.coffer.home)];
  const answer = await answerOf(subject.request);
  const result: Measured = { gateway: [], gatewayCpuUs: [], storeCpuUs: [], http: [], driver: [], statements: { own: 0, eventReader: 0, notify: 0 }, answerBytes: Buffer.byteLength(answer) };
  await load(subject.request, { seconds: warmSeconds });
  for (let round = 1; round <= rounds; round += 1) {
    say(`${subject.title}, round ${round} of ${rounds}`);
    await subject.reset();
    const before = [await cpuMsOf(gatewayPid), await cpuMsOfTree(store)];
    const run = await load(subject.request, { seconds });
    const after = [await cpuMsOf(gatewayPid), await cpuMsOfTree(store)];
    result.gateway.push(run);
    result.gatewayCpuUs.push(((after[0]! - before[0]!) * 1_000) / run.requests);
    result.storeCpuUs.push(((after[1]! - before[1]!) * 1_000) / run.requests);
    const bare = await startBareServer(answer);
    result.http.push((await load({ ...subject.request, url: bare.url }, { seconds })).perSecond);
    await bare.stop();
    result.driver.push(await runBareDriver(subject.bare, seconds));
  }
  await subject.reset();
  const counted = 100;
  const { own, eventReader, notify } = await countStatements(plane, () => load(subject.request, { requests: counted }));
  result.statements = { own: own / counted, eventReader: eventReader / counted, notify: notify / counted };
  await subject.reset();
  return result;
}

function rowOf(subject: Subject, measured: Measured): Cell[] {
  const rates = measured.gateway.map((run) => run.perSecond);
  const rate = median(rates);
  return [
    subject.title, rate, spread(rates), goals[subject.name], rate / goals[subject.name], median(measured.gateway.map((r) => r.p50Ms)), median(measured.gateway.map((r) => r.p99Ms)),
    measured.statements.own, measured.statements.eventReader + measured.statements.notify,
  ];
}

export const bench: Bench = async (options) => {
  const plane = await startControlPlane();
  try {
    const fleet = await growFleet(plane.db, null, fleetSize);
    const measured: [Subject, Measured][] = [];
    for (const subject of await subjectsOf(plane, fleet)) measured.push([subject, await measure(plane, subject, options)]);
    const rates: Table = {
      title: 'Requests', notes: [`autocannon, ${connections} connections, POST; ${fleetSize.toLocaleString('en-US')} instances; a create is of a PostgreSQL 17 with a database and a user. Statements are those the store logged, BEGIN and COMMIT among them; "log" are the event log's reader and NOTIFY, per request.`],
      columns: ['request', 'per second', 'runs', 'goal', '× goal', 'p50 ms', 'p99 ms', 'SQL', 'SQL log'],
      rows: measured.map(([subject, result]) => rowOf(subject, result)),
    };
    const limits: Table = {
      title: 'Distance to the limit', notes: ['The same answer as a constant from a bare HTTP server; the same statement (for create: four rows in one transaction) in a bare driver loop on ten connections. Processor time is what the kernel counted per request.'],
      columns: ['request', 'per second', 'bare HTTP', 'of bare HTTP', 'bare driver', 'of bare driver', 'gateway µs', 'store µs', 'answer bytes'],
      rows: measured.map(([subject, result]) => {
        const [rate, http, driver] = [median(result.gateway.map((run) => run.perSecond)), median(result.http), median(result.driver)];
        return [subject.title, rate, http, rate / http, driver, rate / driver, median(result.gatewayCpuUs), median(result.storeCpuUs), result.answerBytes];
      }),
    };
    return [rates, limits];
  } finally {
    await plane.remove();
  }
};
