import { constants } from 'node:crypto';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Identity } from '../identity/certificate.ts';

/** A resumed session would not show the caller's certificate again. */
const secureOptions = constants.SSL_OP_NO_TICKET;

/**
 * Mutual TLS with the identity of the moment: connections made after a change use the new one, calls under way go on.
 * Without an identity every connection is dropped.
 */
export class IdentityServerCredentials extends ServerCredentials {
  constructor() {
    super({ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', secureOptions });
  }

  use(identity: Identity): void {
    this.updateSecureContextOptions({ ca: identity.identityCa, cert: identity.certificateChain, key: identity.privateKey, minVersion: 'TLSv1.3', secureOptions });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
