/** The identity as gRPC takes it: connections made after a change use the new one, calls under way go on. */
import type { experimental } from '@grpc/grpc-js';
import type { Identity } from './certificate.ts';

export interface CertificateSource extends experimental.CertificateProvider {
  set(identity: Identity): void;
}

export function createCertificateSource(): CertificateSource {
  let latest: Identity | undefined;
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const ca = (identity: Identity): experimental.CaCertificateUpdate => ({ caCertificate: Buffer.from(identity.identityCa) });
  const pair = (identity: Identity): experimental.IdentityCertificateUpdate => ({
    certificate: Buffer.from(identity.certificateChain), privateKey: Buffer.from(identity.privateKey),
  });
  return {
    set(identity) {
      latest = identity;
      for (const listener of identityListeners) listener(pair(identity));
      for (const listener of caListeners) listener(ca(identity));
    },
    addCaCertificateListener(listener) {
      caListeners.add(listener);
      if (latest) process.nextTick(listener, ca(latest));
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
    addIdentityCertificateListener(listener) {
      identityListeners.add(listener);
      if (latest) process.nextTick(listener, pair(latest));
    },
    removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
  };
}
