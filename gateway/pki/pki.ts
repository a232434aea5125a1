/**
 * The installation's own PKI: who agents and gateways are, and what applications verify an engine with. Two separate
 * CAs, short-lived leaves, one-time enrolment, refusal of single certificates at once.
 */
import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { CofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Sealer } from '../store/seal.ts';
import type { Store, Tx } from '../store/tx.ts';
import { createAuthorities, PKI_CHANNEL } from './authorities.ts';
import { createCredentialSource, type Credentials } from './credentials.ts';
import { createEnrolmentToken, isTokenUsable, redeemEnrolmentToken } from './enrolment.ts';
import { instanceUri } from './identity.ts';
import { createRevocations, type Standing } from './revocation.ts';
import type { CaKind } from './rotation.ts';
import { defaultPkiSettings, type PkiSettings } from './settings.ts';
import { engineNames, readCsr, type PublicKey } from './x509.ts';

export interface Issued { certificateChain: string; bundle: string; serial: string; notAfterMs: number }

export interface Pki {
  readonly settings: PkiSettings;
  /** Makes CAs and this gateway's certificate. Everything below needs it. */
  open(): Promise<void>;
  /** Call it once a minute: renews the own certificate, replaces and ends CAs. */
  maintain(): Promise<void>;
  close(): void;
  trustDomain(): string;
  /** PEM of the CAs to trust. */
  bundle(kind: CaKind): string;
  credentials(): Credentials;
  onCredentials(listener: (credentials: Credentials) => void): () => void;
  /** A one-time token for the instance's agent; told once, kept as a hash. */
  createEnrolmentToken(tx: Tx, instanceId: string): Promise<string>;
  /** Null: the token is unknown, of another instance, expired, or used by another key. Earlier certificates of the instance end. */
  enrol(instanceId: string, token: string, csr: Uint8Array): Promise<Issued | null>;
  renew(instanceId: string, csr: Uint8Array): Promise<Issued>;
  /** For these hosts and no others, whatever the request asks. */
  issueEngineCertificate(instanceId: string, csr: Uint8Array, hosts: readonly string[]): Promise<Issued>;
  isRevoked(serial: string): boolean;
  standing(serial: string, instanceId: string): Promise<Standing>;
  onRevoked(listener: (serial: string) => void): () => void;
  /** In the caller's transaction: all certificates of an instance's agent, or one. Answers how many ended. */
  revoke(tx: Tx, which: { serial: string } | { subjectId: string }): Promise<number>;
  /** Puts a new CA beside the present one; the old one ends by itself when nothing depends on it. */
  rotateCa(kind: CaKind): Promise<void>;
}

export interface PkiDeps { store: Store; sealer: Sealer; log: Log; gatewayId: string; clock?: Clock; settings?: Partial<PkiSettings> }

export function createPki(deps: PkiDeps): Pki {
  const { store, sealer, log, gatewayId, clock = systemClock } = deps;
  const settings = { ...defaultPkiSettings, ...deps.settings };
  let domain: string | undefined;
  let unlisten: (() => void) | undefined;
  const trustDomain = (): string => {
    if (domain === undefined) throw new Error('the PKI is not open');
    return domain;
  };
  const authorities = createAuthorities({ store, sealer, clock, log, settings, onChange: () => credentials.refresh() });
  const revocations = createRevocations({ store, clock, log, isTrustedCa: authorities.isTrusted });
  const credentials = createCredentialSource({ store, authorities, clock, settings, gatewayId, trustDomain });

  function hearOthers(payload: string): void {
    // An empty payload follows a reconnect: notifications may have been lost.
    const work = payload === 'revoked' ? revocations.reload() : Promise.all([authorities.reload(), revocations.reload()]);
    work.catch((error: unknown) => log.warn({ error: String(error) }, 'could not read certificates anew; tried again within a minute'));
  }

  async function issueAgent(tx: Tx, instanceId: string, publicKey: PublicKey): Promise<Issued> {
    const nowMs = clock.now();
    const issued = await authorities.issue(tx, 'identity', 'newest', { kind: 'agent', id: instanceId }, {
      publicKey, commonName: instanceId, names: [{ type: 'url', value: instanceUri(trustDomain(), instanceId) }], usage: 'identity',
      notBeforeMs: nowMs - settings.clockSkewMs, notAfterMs: nowMs + settings.leafTtlMs,
    });
    return { certificateChain: issued.pem, bundle: authorities.bundle('identity'), serial: issued.serial, notAfterMs: issued.notAfterMs };
  }

  return {
    settings, trustDomain,
    async open() {
      const [row] = await store.query<{ trust_domain: string }>('select trust_domain from installation where id = 1');
      if (!row) throw new CofferError('STORE.UNAVAILABLE', 'the store has no installation row: its migrations have not been applied');
      domain = row.trust_domain;
      unlisten ??= store.listen(PKI_CHANNEL, hearOthers);
      await authorities.open();
      await Promise.all([credentials.ensure(), revocations.reload()]);
    },
    async maintain() {
      await authorities.maintain();
      await Promise.all([credentials.ensure(), revocations.reload()]);
    },
    close() {
      unlisten?.();
      unlisten = undefined;
    },
    bundle: authorities.bundle,
    credentials: credentials.current,
    onCredentials: credentials.watch,
    createEnrolmentToken: (tx, instanceId) => createEnrolmentToken(tx, instanceId, clock, settings),
    async enrol(instanceId, token, csr) {
      // Looked up first: who has no token shall not make us check signatures.
      if (!(await isTokenUsable(store, instanceId, token, clock))) return null;
      const { publicKey, keyHash } = await readCsr(csr);
      return store.transaction(async (tx) => {
        if (!(await redeemEnrolmentToken(tx, instanceId, token, keyHash, clock))) return null;
        const issued = await issueAgent(tx, instanceId, publicKey);
        // One agent an instance: who held a certificate before has lost it, or is not the agent any more.
        await revocations.revoke(tx, { subjectId: instanceId, except: issued.serial });
        return issued;
      });
    },
    async renew(instanceId, csr) {
      const { publicKey } = await readCsr(csr);
      return issueAgent(store, instanceId, publicKey);
    },
    async issueEngineCertificate(instanceId, csr, hosts) {
      const { publicKey } = await readCsr(csr);
      const names = engineNames(hosts);
      if (names.length === 0) throw new CofferError('PRECONDITION.STATE', `instance ${instanceId} has no address to certify yet`);
      const nowMs = clock.now();
      const issued = await authorities.issue(store, 'engine', 'established', { kind: 'engine', id: instanceId }, {
        publicKey, commonName: instanceId, names, usage: 'server', notBeforeMs: nowMs - settings.clockSkewMs, notAfterMs: nowMs + settings.engineLeafTtlMs,
      });
      return { certificateChain: issued.pem, bundle: authorities.bundle('engine'), serial: issued.serial, notAfterMs: issued.notAfterMs };
    },
    isRevoked: revocations.isRevoked,
    standing: revocations.standing,
    onRevoked: revocations.watch,
    revoke: revocations.revoke,
    rotateCa: (kind) => authorities.rotate(kind),
  };
}
