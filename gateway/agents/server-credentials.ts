/** TLS of a gRPC server whose certificate and trusted CAs change while it runs: new connections get the new ones. */
import { constants } from 'node:crypto';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Credentials } from '../pki/credentials.ts';

export class RotatingServerCredentials extends ServerCredentials {
  readonly #asksForCertificate: boolean;

  constructor(credentials: Credentials, asksForCertificate: boolean) {
    super(
      // No session tickets: a resumed session would skip the check of the client's certificate.
      { minVersion: 'TLSv1.3', requestCert: asksForCertificate, rejectUnauthorized: asksForCertificate, secureOptions: constants.SSL_OP_NO_TICKET },
      contextOf(credentials, asksForCertificate),
    );
    this.#asksForCertificate = asksForCertificate;
  }

  rotate(credentials: Credentials): void {
    this.updateSecureContextOptions(contextOf(credentials, this.#asksForCertificate));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

const contextOf = (credentials: Credentials, asksForCertificate: boolean): { cert: string; key: string; ca?: string; minVersion: 'TLSv1.3'; secureOptions: number } => ({
  cert: credentials.certificateChain, key: credentials.privateKey, minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET,
  ...(asksForCertificate ? { ca: credentials.trusted } : {}),
});
