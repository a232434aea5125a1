/** The gateway's own certificate: short-lived, held in memory only, renewed in time. Servers and channels follow it. */
import type { Clock } from '../../kernel/clock.ts';
import type { Store } from '../store/tx.ts';
import type { Authorities } from './authorities.ts';
import { gatewayUri } from './identity.ts';
import { isRenewalDue } from './rotation.ts';
import type { PkiSettings } from './settings.ts';
import { createKey, type IssuedCertificate } from './x509.ts';

export interface Credentials {
  /** rises with every change */
  version: number;
  certificateChain: string;
  privateKey: string;
  /** CAs whose identities are accepted */
  trusted: string;
  serial: string;
}

export interface CredentialSource {
  /** Issues the first certificate, or a fresh one when it is time or the CA that signs has changed. */
  ensure(): Promise<void>;
  /** The trusted CAs changed. */
  refresh(): void;
  current(): Credentials;
  /** Told of every later change. Returns an unsubscribe. */
  watch(listener: (credentials: Credentials) => void): () => void;
}

export function createCredentialSource(deps: { store: Store; authorities: Authorities; clock: Clock; settings: PkiSettings; gatewayId: string; trustDomain(): string }): CredentialSource {
  let leaf: (IssuedCertificate & { privateKey: string }) | undefined;
  let credentials: Credentials | undefined;
  const listeners = new Set<(credentials: Credentials) => void>();

  function publish(): void {
    if (!leaf) return;
    const trusted = deps.authorities.bundle('identity');
    if (credentials && credentials.serial === leaf.serial && credentials.trusted === trusted) return;
    credentials = { version: (credentials?.version ?? 0) + 1, certificateChain: leaf.pem, privateKey: leaf.privateKey, trusted, serial: leaf.serial };
    for (const listener of listeners) listener(credentials);
  }

  async function issue(): Promise<void> {
    const { keys, privateKeyPem } = await createKey();
    const nowMs = deps.clock.now();
    const issued = await deps.authorities.issue(deps.store, 'identity', 'established', { kind: 'gateway', id: deps.gatewayId }, {
      publicKey: keys.publicKey, commonName: 'gateway', names: [{ type: 'url', value: gatewayUri(deps.trustDomain()) }], usage: 'identity',
      notBeforeMs: nowMs - deps.settings.clockSkewMs, notAfterMs: nowMs + deps.settings.leafTtlMs,
    });
    leaf = { ...issued, privateKey: privateKeyPem };
  }

  return {
    async ensure() {
      if (!leaf || isRenewalDue(leaf.notBeforeMs, leaf.notAfterMs, deps.clock.now())) await issue();
      publish();
    },
    refresh: publish,
    current() {
      if (!credentials) throw new Error('the gateway has no certificate yet; was the PKI opened?');
      return credentials;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
