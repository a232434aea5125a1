/** Sessions of tenants, ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFault } from '../../../spi/guest.ts';
import { hostMatches } from '../hosts.ts';
import { managementName } from '../names.ts';
import type { Account } from '../text.ts';
import { SqlError } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';

const endTimeoutMs = 10_000;
const pollMs = 20;

interface Session { id: number; user: string; address: string; database: string | null }

/** The server's own threads, and management: never over the network, where a tenant may come by any name. */
const ownUsers = new Set(['', 'system user', 'event_scheduler', managementName]);

async function listSessions(sql: Pick<Sql, 'rows'>): Promise<Session[]> {
  const rows = await sql.rows('show processlist');
  return rows
    .filter((row) => /:\d+$/.test(row['Host'] ?? '') || !ownUsers.has(row['User'] ?? ''))
    .map((row) => ({ id: Number(row['Id']), user: row['User'] ?? '', address: (row['Host'] ?? '').replace(/:\d+$/, ''), database: row['db'] ?? null }));
}

/** Returns when they are gone. */
async function endSessions(sql: Pick<Sql, 'rows'>, isMeant: (session: Session) => boolean): Promise<void> {
  const deadline = Date.now() + endTimeoutMs;
  for (;;) {
    const meant = (await listSessions(sql)).filter(isMeant);
    if (meant.length === 0) return;
    if (Date.now() > deadline) throw new GuestFault('RETRYABLE', 'sessions of the user do not end; try again shortly');
    for (const { id } of meant) await sql.rows(`kill ${id}`).catch(ignoreGone);
    await delay(pollMs);
  }
}

/** One that has not logged in yet: whose it will be is not known. */
const isUnknown = (session: Session): boolean => session.user === 'unauthenticated user';

export const endSessionsOf = (sql: Pick<Sql, 'rows'>, { name, host }: Account): Promise<void> =>
  endSessions(sql, (session) => session.user === name && hostMatches(host, session.address));

export const endSessionsIn = (sql: Pick<Sql, 'rows'>, database: string): Promise<void> =>
  endSessions(sql, (session) => session.database === database && !isUnknown(session));

export async function endOpenTransactions(sql: Pick<Sql, 'rows'>): Promise<void> {
  const rows = await sql.rows('select trx_mysql_thread_id as id from information_schema.innodb_trx');
  const open = new Set(rows.map((row) => Number(row['id'])));
  return endSessions(sql, (session) => open.has(session.id));
}

export const endEverybody = (sql: Pick<Sql, 'rows'>): Promise<void> => endSessions(sql, (session) => !isUnknown(session));

/** Who comes after this is left alone: a pool would come again and again. */
export async function endPresent(sql: Pick<Sql, 'rows'>): Promise<void> {
  const present = new Set((await listSessions(sql)).filter((session) => !isUnknown(session)).map(({ id }) => id));
  return endSessions(sql, ({ id }) => present.has(id));
}

/** Distributed transactions that were prepared and left: they hold their locks without any session. */
export async function rollBackPrepared(sql: Pick<Sql, 'rows'>, dialect: Dialect): Promise<void> {
  for (const row of await sql.rows(dialect.prepared.query)) await sql.rows(`xa rollback ${dialect.prepared.xid(row)}`);
}

/** ER_NO_SUCH_THREAD: the session ended by itself. */
export const ignoreGone = (error: unknown): void => {
  if (!(error instanceof SqlError) || error.number !== 1094) throw error;
};
