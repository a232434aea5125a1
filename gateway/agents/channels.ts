/** Connections to agents: one an agent, kept while it is used, closed when idle, made anew with a new certificate. */
import { createSecureContext } from 'node:tls';
import { ChannelCredentials, type ClientOptions } from '@grpc/grpc-js';
import { GuestAgentClient } from '../../proto/generated/coffer/agent/v1/agent.ts';
import { identityCheck } from '../pki/identity.ts';
import type { Pki } from '../pki/pki.ts';

const IDLE_MS = 60_000;
const RESPONSE_LIMIT_BYTES = 16 * 1024 * 1024;

export interface Channel {
  client: GuestAgentClient;
  release(): void;
}
export interface Channels {
  acquire(instanceId: string, address: string): Channel;
  close(): void;
  size(): number;
}
interface Entry { client: GuestAgentClient; version: number; users: number; idle: NodeJS.Timeout | undefined }

const options: ClientOptions = {
  // A proxy meant for the outside world has no business between gateway and agent.
  'grpc.enable_http_proxy': 0,
  // Channels with other certificates must not share a connection.
  'grpc.use_local_subchannel_pool': 1,
  // Identities are not host names; TLS wants a name to ask for all the same, and an address is none.
  'grpc.ssl_target_name_override': 'agent',
  'grpc.enable_retries': 0, 'grpc.service_config_disable_resolution': 1,
  'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100, 'grpc.min_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': RESPONSE_LIMIT_BYTES,
};

export function createChannels(pki: Pki): Channels {
  const entries = new Map<string, Entry>();
  const retired = new Set<Entry>();

  function open(instanceId: string, address: string): Entry {
    const own = pki.credentials();
    const context = createSecureContext({ ca: own.trusted, cert: own.certificateChain, key: own.privateKey, minVersion: 'TLSv1.3' });
    const credentials = ChannelCredentials.createFromSecureContext(context, {
      // Whoever listens at that address must be the agent of this instance.
      checkServerIdentity: identityCheck(pki.trustDomain(), { kind: 'instance', instanceId }),
    });
    return { client: new GuestAgentClient(address, credentials, options), version: own.version, users: 0, idle: undefined };
  }
  function retire(key: string, entry: Entry): void {
    entries.delete(key);
    clearTimeout(entry.idle);
    if (entry.users === 0) entry.client.close();
    else retired.add(entry);
  }

  return {
    acquire(instanceId, address) {
      const key = `${instanceId} ${address}`;
      let entry = entries.get(key);
      // Calls on the older connection go on undisturbed.
      if (entry && entry.version !== pki.credentials().version) {
        retire(key, entry);
        entry = undefined;
      }
      if (!entry) entries.set(key, (entry = open(instanceId, address)));
      const used = entry;
      used.users += 1;
      clearTimeout(used.idle);
      let isReleased = false;
      return {
        client: used.client,
        release() {
          if (isReleased) return;
          isReleased = true;
          used.users -= 1;
          if (used.users > 0) return;
          if (retired.delete(used)) return used.client.close();
          used.idle = setTimeout(() => retire(key, used), IDLE_MS);
          used.idle.unref();
        },
      };
    },
    close() {
      for (const [key, entry] of entries) retire(key, entry);
      for (const entry of retired) entry.client.close();
      retired.clear();
    },
    size: () => entries.size,
  };
}
