/** Who calls: read from the certificate of the connection, checked against the store on every call. */
import { status } from '@grpc/grpc-js';
import type { AuthContext } from '@grpc/grpc-js/build/src/auth-context.js';
import type { Clock } from '../../kernel/clock.ts';
import { readPeer } from '../pki/identity.ts';
import type { Pki } from '../pki/pki.ts';
import { StatusError } from './status-error.ts';

export interface AgentPeer { instanceId: string; serial: string; notAfterMs: number }

/** UNAUTHENTICATED: the certificate is not (or no longer) good. PERMISSION_DENIED: it is good, but not an agent's. */
export async function requireAgent(call: { getAuthContext(): AuthContext }, deps: { pki: Pki; clock: Clock }): Promise<AgentPeer> {
  const peer = readPeer(call.getAuthContext().sslPeerCertificate, deps.pki.trustDomain());
  if (!peer) throw new StatusError(status.UNAUTHENTICATED, 'the certificate names no identity of this installation');
  if (peer.identity.kind !== 'instance') throw new StatusError(status.PERMISSION_DENIED, 'only agents may call the conductor');
  if (peer.notAfterMs <= deps.clock.now()) throw new StatusError(status.UNAUTHENTICATED, 'the certificate has expired');
  const standing = await deps.pki.standing(peer.serial, peer.identity.instanceId);
  if (!standing.ok) throw new StatusError(status.UNAUTHENTICATED, standing.reason);
  return { instanceId: peer.identity.instanceId, serial: peer.serial, notAfterMs: peer.notAfterMs };
}
