/** The CAs of the installation: rows of the store, their keys sealed, both kinds kept apart. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Sealer } from '../store/seal.ts';
import type { Store, Tx } from '../store/tx.ts';
import { createTurn } from './in-turn.ts';
import { decideAuthorities, type CaKind, type RotationPolicy } from './rotation.ts';
import type { PkiSettings } from './settings.ts';
import { createCa, importPrivateKey, issueLeaf, type IssuedCertificate, type LeafRequest } from './x509.ts';

/** Every gateway that hears it reads CAs and revocations anew; all do so once a minute in any case (`maintain`). */
export const PKI_CHANNEL = 'coffer_pki';
/** Makes "is there one? then make one" a single act among gateways that start together. */
const CA_LOCK = 72_707_370;
const KINDS: readonly CaKind[] = ['identity', 'engine'];

interface Row { id: number; kind: CaKind; certificate: string; key_sealed: Uint8Array; created_at: Date | string; not_after: Date | string; retired_at: Date | string | null }
interface Authority { id: number; kind: CaKind; certificate: string; keySealed: Uint8Array; createdAtMs: number; notAfterMs: number; retiredAtMs: number | null }

export interface Authorities {
  /** Makes what is missing; reads what is there. */
  open(): Promise<void>;
  /** Reads again; replaces a CA near its end and ends one that nothing depends on any more. */
  maintain(): Promise<void>;
  reload(): Promise<void>;
  /** PEM of every trusted CA, newest first. */
  bundle(kind: CaKind): string;
  /** Signs and records. `newest` for what only gateways verify, `established` for what others verify. */
  issue(tx: Tx, kind: CaKind, signer: 'newest' | 'established', subject: { kind: 'agent' | 'gateway' | 'engine'; id: string }, leaf: Omit<LeafRequest, 'ca'>): Promise<IssuedCertificate>;
  rotate(kind: CaKind): Promise<void>;
  isTrusted(id: number): boolean;
}

export function createAuthorities(deps: { store: Store; sealer: Sealer; clock: Clock; log: Log; settings: PkiSettings; onChange(): void }): Authorities {
  const { store, sealer, clock, log, settings } = deps;
  const policies: Record<CaKind, RotationPolicy> = {
    identity: { overlapMs: settings.leafTtlMs, leafTtlMs: settings.leafTtlMs + settings.clockSkewMs },
    engine: { overlapMs: settings.engineCaOverlapMs, leafTtlMs: settings.engineLeafTtlMs + settings.clockSkewMs },
  };
  let known: Authority[] = [];
  const inTurn = createTurn();
  const keys = new Map<number, ReturnType<typeof importPrivateKey>>();

  const ofKind = (kind: CaKind): Authority[] => known.filter((ca) => ca.kind === kind);
  const decide = (kind: CaKind): ReturnType<typeof decideAuthorities> => decideAuthorities(ofKind(kind), clock.now(), policies[kind]);
  const sealContext = (kind: CaKind, certificate: string): string => `ca/${kind}/${createHash('sha256').update(certificate).digest('hex')}`;

  async function read(tx: Tx): Promise<Authority[]> {
    const rows = await tx.query<Row>('select id, kind, certificate, key_sealed, created_at, not_after, retired_at from certificate_authority order by id');
    return rows.map((row) => ({
      id: row.id, kind: row.kind, certificate: row.certificate, keySealed: row.key_sealed, createdAtMs: msOf(row.created_at), notAfterMs: msOf(row.not_after),
      retiredAtMs: row.retired_at === null ? null : msOf(row.retired_at),
    }));
  }
  function adopt(next: Authority[]): void {
    const before = KINDS.map(bundle).join();
    known = next;
    if (KINDS.map(bundle).join() !== before) deps.onChange();
  }
  const reload = (): Promise<void> => inTurn(async () => adopt(await read(store)));

  async function make(tx: Tx, kind: CaKind): Promise<void> {
    const nowMs = clock.now();
    const name = `Coffer ${kind} CA ${randomBytes(4).toString('hex')}`;
    const ca = await createCa(name, nowMs - settings.clockSkewMs, nowMs + settings.caTtlMs);
    await tx.query(
      'insert into certificate_authority (kind, certificate, key_sealed, created_at, not_after) values ($1, $2, $3, $4, $5)',
      [kind, ca.pem, sealer.seal(ca.privateKeyPem, sealContext(kind, ca.pem)), new Date(nowMs), new Date(ca.notAfterMs)],
    );
    tx.notify(PKI_CHANNEL, 'ca');
    log.info({ kind, name }, 'made a certificate authority');
  }

  /** `isNeeded` judges what the lock lets us see: of several gateways that come here together one acts. */
  const change = (isNeeded: (rows: Authority[]) => CaKind[], alsoRetire = false): Promise<void> => inTurn(async () => {
    adopt(await store.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [CA_LOCK]);
      known = await read(tx);
      for (const kind of isNeeded(known)) await make(tx, kind);
      if (alsoRetire) await retire(tx);
      return read(tx);
    }));
  });
  async function retire(tx: Tx): Promise<void> {
    const ids = KINDS.flatMap((kind) => decide(kind).retire);
    if (ids.length === 0) return;
    // The key goes too: what is trusted no more shall not be able to sign.
    await tx.query(`update certificate_authority set retired_at = $2, key_sealed = ''::bytea where id = any($1::int[]) and retired_at is null`, [ids, new Date(clock.now())]);
    tx.notify(PKI_CHANNEL, 'ca');
    log.info({ ids }, 'retired certificate authorities');
  }

  const missing = (rows: Authority[]): CaKind[] =>
    KINDS.filter((kind) => !rows.some((ca) => ca.kind === kind && ca.retiredAtMs === null && ca.notAfterMs > clock.now()));
  const dueForReplacement = (rows: Authority[]): CaKind[] => KINDS.filter((kind) => {
    const newest = rows.filter((ca) => ca.kind === kind && ca.retiredAtMs === null).sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
    return !newest || clock.now() >= newest.createdAtMs + ((newest.notAfterMs - newest.createdAtMs) * 2) / 3;
  });

  function bundle(kind: CaKind): string {
    const { trusted } = decide(kind);
    return trusted.map((id) => known.find((ca) => ca.id === id)!.certificate).join('');
  }

  function keyOf(ca: Authority): ReturnType<typeof importPrivateKey> {
    let key = keys.get(ca.id);
    if (!key) {
      key = importPrivateKey(sealer.open(ca.keySealed, sealContext(ca.kind, ca.certificate)).toString());
      key.catch(() => keys.delete(ca.id));
      keys.set(ca.id, key);
    }
    return key;
  }

  return {
    async open() {
      await reload();
      if (missing(known).length > 0) await change(missing);
    },
    async maintain() {
      await reload();
      if (dueForReplacement(known).length > 0 || KINDS.some((kind) => decide(kind).retire.length > 0)) await change(dueForReplacement, true);
    },
    reload, bundle,
    async issue(tx, kind, signer, subject, leaf) {
      const id = decide(kind)[signer];
      const ca = known.find((candidate) => candidate.id === id);
      if (!ca) throw new Error(`there is no ${kind} certificate authority; was the PKI opened?`);
      const issued = await issueLeaf({ ...leaf, ca: { certificate: ca.certificate, key: await keyOf(ca) } });
      await tx.query(
        'insert into certificate (serial, ca_id, kind, subject_id, not_after, created_at) values ($1, $2, $3, $4, $5, $6)',
        [issued.serial, ca.id, subject.kind, subject.id, new Date(issued.notAfterMs), new Date(clock.now())],
      );
      return issued;
    },
    rotate: (kind) => change(() => [kind]),
    isTrusted: (id) => KINDS.some((kind) => decide(kind).trusted.includes(id)),
  };
}

export const msOf = (value: Date | string): number => new Date(value).getTime();
