/** Who a certificate speaks for: exactly one URI, `spiffe://<trust domain>/gateway` or `…/instance/<id>`. Pure. */
import type { PeerCertificate } from 'node:tls';
import { typeOfId } from '../../kernel/ids.ts';
import { normaliseSerial } from './x509.ts';

export type Identity = { kind: 'gateway' } | { kind: 'instance'; instanceId: string };

export const gatewayUri = (trustDomain: string): string => `spiffe://${trustDomain}/gateway`;
export const instanceUri = (trustDomain: string, instanceId: string): string => `spiffe://${trustDomain}/instance/${instanceId}`;

/** Null for any other trust domain, path, spelling or surplus. */
export function parseSpiffe(uri: string, trustDomain: string): Identity | null {
  if (uri === gatewayUri(trustDomain)) return { kind: 'gateway' };
  const prefix = instanceUri(trustDomain, '');
  if (!uri.startsWith(prefix)) return null;
  const instanceId = uri.slice(prefix.length);
  return typeOfId(instanceId) === 'Instance' ? { kind: 'instance', instanceId } : null;
}

export interface Peer { identity: Identity; serial: string; notBeforeMs: number; notAfterMs: number }

/** A certificate with a second name of whatever kind is refused: a verifier must not have to choose. */
export function readPeer(certificate: PeerCertificate | undefined, trustDomain: string): Peer | null {
  const names = certificate?.subjectaltname;
  if (!certificate || typeof names !== 'string' || !names.startsWith('URI:')) return null;
  // Node quotes what could hide a separator; a name of ours needs no quoting, so a quoted one never matches.
  const identity = parseSpiffe(names.slice('URI:'.length), trustDomain);
  if (!identity) return null;
  return { identity, serial: normaliseSerial(certificate.serialNumber), notBeforeMs: Date.parse(certificate.valid_from), notAfterMs: Date.parse(certificate.valid_to) };
}

/** For `tls.connect`: the server must be exactly `expected`; host names do not count. */
export const identityCheck = (trustDomain: string, expected: Identity) => (_host: string, certificate: PeerCertificate): Error | undefined => {
  const peer = readPeer(certificate, trustDomain);
  const uri = (identity: Identity): string => (identity.kind === 'gateway' ? gatewayUri(trustDomain) : instanceUri(trustDomain, identity.instanceId));
  if (peer && uri(peer.identity) === uri(expected)) return undefined;
  return new Error(`the server's certificate is not that of ${uri(expected)}`);
};
