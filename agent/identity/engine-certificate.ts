/** The certificate that applications see: had from the conductor with a key that never leaves the machine. */
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import { GuestFault } from '../../strategies/spi/guest.ts';
import type { AddressBook } from '../reporting/address-book.ts';
import { issueEngineCertificate } from './calls.ts';
import { assertKeyFits, lifetimeOf, validityOf } from './certificate.ts';
import { createKeyAndCsr } from './csr.ts';
import { renewalRetryMs } from './decide-identity.ts';
import { installTls, readTls } from './engine-tls-files.ts';
import type { IdentityKeeper } from './identity.ts';

export interface EngineCertificate {
  /** Resolves with true when a new one was put in place. */
  ensure(options: { force: boolean }): Promise<boolean>;
  /** Milliseconds until it should be renewed; null when there is none yet. */
  dueInMs(): Promise<{ dueMs: number; retryMs: number } | null>;
}

export interface EngineCertificateParts {
  boot: AgentBoot; identity: IdentityKeeper; addresses: AddressBook; clock: Clock;
  own(path: string, mode: number): Promise<void>;
}

export function createEngineCertificate({ boot, identity, addresses, clock, own }: EngineCertificateParts): EngineCertificate {
  const dueInMs = async (): Promise<{ dueMs: number; retryMs: number } | null> => {
    const content = await readTls(boot.paths.tls);
    if (!content) return null;
    const lifetime = lifetimeOf(validityOf(content.certificate), { skewMs: identity.usable()?.skewMs ?? 0, receivedMs: content.receivedMs }, clock.now());
    return { dueMs: Math.max(0, lifetime.renewAtMs - clock.now()), retryMs: renewalRetryMs(lifetime.expiresAtMs - clock.now()) };
  };
  return {
    dueInMs,
    async ensure({ force }) {
      const due = await dueInMs();
      if (!force && due && due.dueMs > 0) return false;
      const current = identity.usable();
      if (!current) throw new GuestFault('RETRYABLE', 'The agent has no valid certificate of its own yet');
      const { privateKey, csr } = await createKeyAndCsr(boot.instanceId);
      const issued = await issueEngineCertificate({ trustDomain: boot.trustDomain, identity: current, addresses: addresses.list() }, csr).catch((error: Error) => {
        throw new GuestFault('RETRYABLE', `The engine's certificate could not be had from the conductor: ${error.message}`, { cause: error });
      });
      assertKeyFits(issued.certificateChain, privateKey);
      await installTls(boot.paths.tls, join(boot.paths.agent, 'tls-next'), { certificate: issued.certificateChain, key: privateKey, ca: issued.ca, receivedMs: clock.now() }, own);
      return true;
    },
  };
}
