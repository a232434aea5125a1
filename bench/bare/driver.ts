/**
 * A bare driver loop: ten connections, each with one statement on its way, in a process of its own; nothing is made of
 * the answers. `node driver.ts SECONDS`, the work as JSON on standard input; answers the rate as JSON.
 */
import pg from 'pg';
import { newId } from '../../kernel/ids.ts';

/** A read is repeated as it is; an insert makes a row of each kind, in one transaction, as small as the schema allows. */
export type BareWork = { url: string; connections: number } & (
  | { kind: 'read'; text: string; values: unknown[] }
  | { kind: 'insert'; projectId: string; hostId: string; versionId: string; flavorId: string }
);

const INSERT_INSTANCE = `insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, management_secret)
  values ($1, $2, $1, 'postgresql', '17', $3, $4, 1, 'directory', $5, 'local', 'local', 'RUNNING', 'BUILDING', '\\x00')`;
const INSERT_OPERATION = `with o as (insert into operation (id, kind, workflow_version, subject_id, project_id, actor, state, lock_mode, input, cancellable, deadline)
    values ($1, 'instance.create', 1, $2, $3, 'bench', 'SUCCEEDED', 'EXCLUSIVE', '{}', true, now()) returning id),
  e as (insert into event (type, phase, actor, subject, project_id, operation_id, doc) values ('instance.create', 'START', 'bench', $2, $3, $1, $4))
  insert into subject_lock (subject_id, operation_id, mode) select $2, o.id, 'EXCLUSIVE' from o`;
/** about as long as an operation's document */
const doc = JSON.stringify({ steps: Array.from({ length: 12 }, () => ({ name: 'create-guest', title: 'Create the guest', state: 'PENDING', attempts: 0, progress: null, message: null, startedAt: null, finishedAt: null })) });

async function insertOnce(client: pg.Client, work: Extract<BareWork, { kind: 'insert' }>): Promise<void> {
  const id = newId('Instance');
  await client.query('begin');
  await client.query({ name: 'instance', text: INSERT_INSTANCE, values: [id, work.projectId, work.versionId, work.flavorId, work.hostId] });
  await client.query({ name: 'operation', text: INSERT_OPERATION, values: [newId('Operation'), id, work.projectId, doc] });
  await client.query('commit');
}

let input = '';
for await (const chunk of process.stdin) input += String(chunk);
const work = JSON.parse(input) as BareWork;
const forMs = Number(process.argv[2]) * 1_000;
const once = (client: pg.Client): Promise<unknown> =>
  work.kind === 'read' ? client.query({ name: 'read', text: work.text, values: work.values }) : insertOnce(client, work);

const clients = await Promise.all(Array.from({ length: work.connections }, async () => {
  const client = new pg.Client({ connectionString: work.url, application_name: 'coffer-bench' });
  await client.connect();
  await client.query(`set jit = off; set timezone = 'UTC'`);
  await once(client);
  return client;
}));
const startedAt = performance.now();
let done = 0;
await Promise.all(clients.map(async (client) => {
  while (performance.now() - startedAt < forMs) {
    await once(client);
    done += 1;
  }
}));
process.stdout.write(JSON.stringify({ perSecond: done / ((performance.now() - startedAt) / 1_000) }));
await Promise.all(clients.map((client) => client.end()));
