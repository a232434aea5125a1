/**
 * The one connection that LISTENs, and sends NOTIFY so that a full pool delays no news. It reconnects by itself and then wakes everybody: what was notified in between is
 * lost, so listeners must look for themselves.
 */
import pg from 'pg';
import { backoffMs, type RetryPolicy } from '../../kernel/backoff.ts';
import type { Log } from '../../kernel/log.ts';
import { connectionConfig } from './connection.ts';

export interface Listener {
  listen(channel: string, listener: (payload: string) => void): () => void;
  /** What comes while one is on its way goes together with the next, each thing once. */
  notify(channel: string, payload: string): void;
  close(): Promise<void>;
}

const reconnect: RetryPolicy = { attempts: Infinity, firstDelayMs: 20, maxDelayMs: 1_000 };
/** A peer that vanished without a word is found by asking. */
const PROBE_INTERVAL_MS = 15_000;

const NOTIFY = 'select pg_notify(c, p) from unnest($1::text[], $2::text[]) as n(c, p)';

/** `elsewhere` runs a statement while this connection is not there. */
export function createListener(url: string, log: Log, elsewhere: (text: string, values: unknown[]) => Promise<unknown>): Listener {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  let client: pg.Client | null = null;
  let connecting = false;
  let closed = false;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  const wake = (channel: string, payload: string): void => {
    for (const listener of listeners.get(channel) ?? []) {
      try { listener(payload); } catch (error) { log.error({ err: error, channel }, 'a listener of the store threw'); }
    }
  };

  async function connect(): Promise<void> {
    if (connecting || closed) return;
    connecting = true;
    const next = new pg.Client(connectionConfig(url, 'coffer-listen'));
    next.on('notification', (n) => wake(n.channel, n.payload ?? ''));
    next.on('error', (error) => lost(next, error));
    next.on('end', () => lost(next, new Error('the connection ended')));
    try {
      await next.connect();
      for (const channel of listeners.keys()) await next.query(`listen ${pg.escapeIdentifier(channel)}`);
      connecting = false;
      if (closed) return void (await next.end());
      client = next;
      failures = 0;
      for (const channel of listeners.keys()) wake(channel, '');
    } catch (error) {
      connecting = false;
      void next.end().catch(() => {});
      again(error);
    }
  }

  function lost(which: pg.Client, error: Error): void {
    if (which !== client) return;
    client = null;
    void which.end().catch(() => {});
    again(error);
  }

  function again(error: unknown): void {
    if (closed) return;
    failures += 1;
    if (failures === 1) log.warn({ err: error instanceof Error ? error.message : error }, 'lost the connection that listens on the store; connecting again');
    clearTimeout(retry);
    retry = setTimeout(() => void connect(), backoffMs(reconnect, Math.min(failures, 10), Math.random()));
  }

  const news = new Map<string, [channel: string, payload: string]>();
  let isSending = false;
  async function send(): Promise<void> {
    if (isSending) return;
    isSending = true;
    while (news.size > 0 && !closed) {
      const batch = [...news.values()];
      news.clear();
      const values = [batch.map(([channel]) => channel), batch.map(([, payload]) => payload)];
      // Lost news are no disaster: who listens looks by itself as well.
      await (client ? client.query({ name: 'notify', text: NOTIFY, values }) : elsewhere(NOTIFY, values)).catch((error: Error) => log.debug({ err: error.message }, 'could not notify'));
    }
    isSending = false;
  }

  const probe = setInterval(() => {
    const asked = client;
    asked?.query('select 1').catch((error: Error) => lost(asked, error));
  }, PROBE_INTERVAL_MS).unref();

  return {
    listen(channel, listener) {
      const known = listeners.get(channel);
      const set = known ?? new Set();
      set.add(listener);
      if (!known) {
        listeners.set(channel, set);
        const asked = client;
        if (asked) asked.query(`listen ${pg.escapeIdentifier(channel)}`).then(() => wake(channel, ''), (error: Error) => lost(asked, error));
        else if (!retry) void connect();
      }
      return () => { set.delete(listener); };
    },
    notify(channel, payload) {
      if (closed) return;
      news.set(`${channel} ${payload}`, [channel, payload]);
      void send();
    },
    async close() {
      closed = true;
      clearInterval(probe);
      clearTimeout(retry);
      const open = client;
      client = null;
      await open?.end().catch(() => {});
    },
  };
}
