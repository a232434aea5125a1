import type { PeerCertificate } from 'node:tls';

export const gatewayUri = (trustDomain: string): string => `spiffe://${trustDomain}/gateway`;

/**
 * True when the certificate's only URI name is `expected`. Its chain and dates were verified by TLS. Node writes names
 * with unusual characters in quotes, so a name cannot pretend to be two.
 */
export function hasIdentity(certificate: Pick<PeerCertificate, 'subjectaltname'> | undefined, expected: string): boolean {
  const names = (certificate?.subjectaltname ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  return names.length === 1 && names[0] === `URI:${expected}`;
}

/** For a client: whom the server says it is counts, not at which address it was reached. */
export const verifyGateway = (trustDomain: string) => (_host: string, certificate: PeerCertificate): Error | undefined =>
  hasIdentity(certificate, gatewayUri(trustDomain)) ? undefined : new Error(`The server is not the gateway of ${trustDomain}`);
