import { Metadata, status, type ServerErrorResponse, type StatusObject } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';
import { gatewayUri, hasIdentity } from '../identity/peer.ts';

export type Refusal = Partial<StatusObject> & { code: status; details: string };

/**
 * Who may call: the gateway of this installation, about this instance. TLS has verified the certificate's chain and
 * dates against the identity CA before; without a certificate no call gets this far.
 */
export function decideAccess(
  peer: Pick<PeerCertificate, 'subjectaltname'> | undefined,
  request: { instanceId: string },
  own: { trustDomain: string; instanceId: string },
): Refusal | undefined {
  if (!peer?.subjectaltname) return { code: status.UNAUTHENTICATED, details: 'A client certificate is required' };
  if (!hasIdentity(peer, gatewayUri(own.trustDomain))) return { code: status.PERMISSION_DENIED, details: `Only ${gatewayUri(own.trustDomain)} may call an agent` };
  if (request.instanceId !== own.instanceId) {
    return { code: status.PERMISSION_DENIED, details: `This is the agent of ${own.instanceId}, not of ${request.instanceId || '(none)'}` };
  }
  return undefined;
}

/** As gRPC takes it, with facts for programs in the metadata. */
export function asError(refusal: Refusal, facts: Record<string, string> = {}): Partial<StatusObject> & ServerErrorResponse {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(facts)) metadata.set(key, value);
  return Object.assign(new Error(refusal.details), { code: refusal.code, details: refusal.details, metadata });
}
