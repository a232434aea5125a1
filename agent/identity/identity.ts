/**
 * Who the agent is: enrols with a one-time token, renews at two thirds with a fresh key, and after an expiry waits for a
 * fresh token. The engine knows nothing of all this and runs on.
 */
import { watch } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { backoffMs } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { AgentBoot, AgentEnrol } from '../../kernel/guest-record.ts';
import type { Log } from '../../kernel/log.ts';
import type { AddressBook } from '../reporting/address-book.ts';
import { enrol, type IssuedCertificate, renew } from './calls.ts';
import { assertKeyFits, decideSkew, type Identity, lifetimeOf, validityOf } from './certificate.ts';
import { createCsr, createKey } from './csr.ts';
import { decideIdentity } from './decide-identity.ts';
import type { IdentityFiles } from './identity-files.ts';

export interface IdentityKeeper {
  /** undefined while there is none, or an expired one */
  usable(): Identity | undefined;
  onChange(listener: (identity: Identity) => void): void;
  begin(): Promise<void>;
  /** Looks for a token now. */
  recheck(): void;
  end(): void;
}
export interface IdentityParts { boot: AgentBoot; files: IdentityFiles; addresses: AddressBook; clock: Clock; log: Log }

const enrolRetry = { attempts: Number.MAX_SAFE_INTEGER, firstDelayMs: 250, maxDelayMs: 10_000 };
/** The answer will not get better with this token. */
const refusals = new Set<number | undefined>([status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.INVALID_ARGUMENT, status.NOT_FOUND, status.FAILED_PRECONDITION, status.ALREADY_EXISTS]);

export function createIdentityKeeper({ boot, files, addresses, clock, log }: IdentityParts): IdentityKeeper {
  const listeners: ((identity: Identity) => void)[] = [];
  let identity: Identity | undefined;
  /** good for nothing any more, or refused */
  let usedToken: string | null = null;
  let failures = 0;
  let told: string | null = null;
  let wake = (): void => undefined;
  let isWoken = false;
  let hasEnded = false;

  /** Resolves with false when it could not be written down: it serves until the next start all the same. */
  const accept = async (privateKey: string, issued: IssuedCertificate): Promise<boolean> => {
    assertKeyFits(issued.certificateChain, privateKey);
    const nowMs = clock.now();
    const next: Identity = {
      certificateChain: issued.certificateChain, privateKey, identityCa: issued.ca, skewMs: decideSkew(validityOf(issued.certificateChain), nowMs), receivedMs: nowMs,
    };
    const isSaved = await files.save(next).then(() => true, (error: Error) => {
      log.error({ reason: error.message }, 'the new certificate could not be written down');
      return false;
    });
    identity = next;
    [failures, told] = [0, null];
    for (const listener of listeners) listener(next);
    return isSaved;
  };

  const enrolNow = async (order: AgentEnrol): Promise<number> => {
    try {
      const pending = await files.loadPending();
      const privateKey = pending?.token === order.token ? pending.privateKey : await createKey();
      await files.savePending({ token: order.token, privateKey }).catch((error: Error) => log.warn({ reason: error.message }, 'the key of the enrolment could not be written down'));
      const to = { address: order.enrolAddress, trustDomain: boot.trustDomain, identityCa: order.identityCa };
      const issued = await enrol(to, { instanceId: boot.instanceId, token: order.token, csr: createCsr(privateKey, boot.instanceId) });
      // First where to go: whoever hears of the new identity connects with it.
      addresses.learn([order.conductorAddress]);
      const isSaved = await accept(privateKey, issued);
      usedToken = order.token;
      // Otherwise token and key stay: while it is valid, the next start may ask again with the same key.
      if (isSaved) await files.removeEnrol();
      if (isSaved) await files.removePending();
      log.info({}, 'enrolled');
      return 0;
    } catch (error) {
      const { code, message } = error as Error & { code?: number };
      if (refusals.has(code)) {
        usedToken = order.token;
        log.error({ reason: message }, 'the enrolment token was refused; a fresh one is needed');
        return 0;
      }
      failures++;
      log.warn({ reason: message, failures }, 'enrolment failed; it is tried again');
      return backoffMs(enrolRetry, failures, Math.random());
    }
  };

  const renewNow = async (current: Identity, retryMs: number): Promise<number> => {
    try {
      const privateKey = await createKey();
      const to = { trustDomain: boot.trustDomain, identity: current, addresses: addresses.list() };
      await accept(privateKey, await renew(to, createCsr(privateKey, boot.instanceId)));
      log.info({}, 'the certificate was renewed');
      return 0;
    } catch (error) {
      log.warn({ reason: (error as Error).message, retryMs }, 'the certificate could not be renewed; it is tried again');
      return retryMs;
    }
  };

  /** One step; how long to rest afterwards. */
  const step = async (): Promise<number> => {
    const action = decideIdentity({ identity, enrol: await files.loadEnrol(), usedToken, nowMs: clock.now() });
    if (action.do === 'enrol') return enrolNow(action.enrol);
    if (action.do === 'renew' && identity) return renewNow(identity, action.retryMs);
    if (action.do === 'wait-for-token') {
      if (told !== action.reason) log.warn({ reason: action.reason }, 'no valid certificate: waiting for an enrolment token; the engine is kept running');
      told = action.reason;
      return action.pollMs;
    }
    return action.do === 'rest' ? action.forMs : 0;
  };

  const rest = (forMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (isWoken || hasEnded) return resolve();
      const timer = setTimeout(resolve, forMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const loop = async (): Promise<void> => {
    while (!hasEnded) {
      isWoken = false;
      const forMs = await step().catch((error: Error) => {
        log.error({ reason: error.message }, 'the identity could not be looked after; it is tried again');
        return enrolRetry.maxDelayMs;
      });
      await rest(forMs);
    }
  };
  const recheck = (): void => {
    isWoken = true;
    wake();
  };

  return {
    usable: () => (identity && !lifetimeOf(validityOf(identity.certificateChain), identity, clock.now()).isExpired ? identity : undefined),
    onChange: (listener) => void listeners.push(listener),
    async begin() {
      identity = await files.load();
      if (identity) for (const listener of listeners) listener(identity);
      watchFor(boot.paths.agent, 'enrol.json', recheck);
      void loop();
    },
    recheck,
    end() {
      hasEnded = true;
      wake();
    },
  };
}

/** A convenience: where the system has no watches left, SIGHUP tells as well. */
function watchFor(folder: string, file: string, onChange: () => void): void {
  try {
    const watcher = watch(folder, (_event, name) => name === file && onChange());
    watcher.on('error', () => watcher.close());
    watcher.unref();
  } catch {
    // See above.
  }
}
