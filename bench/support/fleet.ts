/**
 * Instances as rows, without guests: put straight into the store in the real schema, as operations would have left them.
 * A tenth has a running task, a twentieth a fault.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { newId } from '../../kernel/ids.ts';

export interface Fleet { projectId: string; hostId: string; versionId: string; flavorId: string; ids: string[] }

const at = '2026-01-01T00:00:00.000Z';
const conditions = [{ type: 'IsolationShared', status: 'TRUE', reason: 'OrdinaryUser', message: 'agent and engine run as the one user that started Coffer', since: at }];
const tags = [{ key: 'team', value: 'payments' }, { key: 'stage', value: 'production' }];
const agent = { address: '127.0.0.1:24001', version: '0.1.0', protocols: ['1'], capabilities: ['DATABASES', 'USERS', 'GRANTS', 'ROOT', 'TLS'] };
const fault = { code: 'ENGINE.UNAVAILABLE', message: 'the engine did not answer within 30 s', at, operationId: null };
const task = { id: newId('Operation'), kind: 'instance.restart', state: 'RUNNING', step: 'stop', progress: 0.5, attempt: 1, actor: 'token:admin', cancellable: true, deadline: at, createdAt: at, startedAt: at, finishedAt: null };
/** As long as a real one. */
const caCertificate = `-----BEGIN CERTIFICATE-----\n${randomBytes(420).toString('base64').match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`;

/** A machine with more of everything than a bench can ask for, and alive as long as it runs. */
export async function addHost(db: pg.Client): Promise<string> {
  const facts = { name: 'bench', region: 'local', zone: 'local', memoryTotalMb: 1e9, memoryAvailableMb: 1e9, diskTotalBytes: 1e18, diskFreeBytes: 1e18, cpus: 1e4, isolation: 'users', limitsEnforced: true };
  const { rows } = await db.query<{ id: string }>(
    `insert into host (id, name, region, zone, facts, seen_at) values ($1, 'bench', 'local', 'local', $2, now() + interval '1 year') on conflict (name) do update set facts = excluded.facts returning id`,
    [newId('Host'), JSON.stringify(facts)]);
  return rows[0]!.id;
}

const INSERT = `insert into instance (id, project_id, name, datastore, track, version_id, build_id, build_version, flavor_id, volume_gb, volume_type, volume_used_bytes, host_id, region, zone, intent, status,
    conditions, endpoints, task, fault, agent, agent_connected, prepared, tags, management_secret, engine_ca)
  select id, $2, 'fleet-' || (n + $3::int), 'postgresql', '17', $4, 'postgresql-17.6-1a2b3c4d', '17.6', $5, 10, 'directory', 734003200, $6, 'local', 'local', 'RUNNING', 'ACTIVE',
    $7, jsonb_build_array(jsonb_build_object('role', 'PRIMARY', 'host', '127.0.0.1', 'port', 24000 + n % 1000, 'uri', 'postgresql://127.0.0.1:' || 24000 + n % 1000 || '/postgres?sslmode=verify-full', 'tls', true)),
    case when n % 10 = 0 then $8::jsonb end, case when n % 20 = 0 then $9::jsonb end, $10, true, true, $11, '\\x00', $12
  from unnest($1::text[]) with ordinality as given(id, n)`;

/** Adds instances until there are `size` of them. */
export async function growFleet(db: pg.Client, fleet: Fleet | null, size: number): Promise<Fleet> {
  const { rows: [found] } = await db.query<Omit<Fleet, 'ids' | 'hostId'>>(
    `select p.id as "projectId", v.id as "versionId", f.id as "flavorId" from project p, flavor f, datastore d join datastore_version v on v.datastore_id = d.id
      where p.name = 'default' and f.name = 'small' and d.name = 'postgresql' and v.name = '17'`);
  if (!found) throw new Error('the store has no catalogue: has the gateway run on it?');
  const before = fleet?.ids ?? [];
  const hostId = fleet?.hostId ?? (await addHost(db));
  const ids = Array.from({ length: size - before.length }, () => newId('Instance'));
  await db.query(INSERT, [ids, found.projectId, before.length, found.versionId, found.flavorId, hostId, ...[conditions, task, fault, agent, tags].map((part) => JSON.stringify(part)), caCertificate]);
  await settle(db);
  return { ...found, hostId, ids: [...before, ...ids] };
}

/** Removes what a create bench has accepted: every run then begins with the same store. */
export async function removeCreated(db: pg.Client): Promise<void> {
  for (const table of ['subject_lock', 'operation', 'event', 'idempotency_key']) await db.query(`delete from ${table}`);
  await db.query(`delete from instance where name not like 'fleet-%'`);
  await settle(db);
}

async function settle(db: pg.Client): Promise<void> {
  await db.query('vacuum analyze');
  await db.query('checkpoint');
}
