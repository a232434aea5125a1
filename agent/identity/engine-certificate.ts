/** The certificate that applications see: had from the conductor with a key that never leaves the machine. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
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
  /** One that is not due is there afterwards; `force` makes a new one in any case. */
  ensure(options: { force: boolean }): Promise<void>;
  /** Milliseconds until it should be renewed; null when there is none yet. */
  dueInMs(): Promise<{ dueMs: number; retryMs: number } | null>;
  /** An engine may run on with the one before: the agent may have ended in between, so this is kept on disk. */
  isUnloaded(): boolean;
  /** The engine has it. */
  setLoaded(): Promise<void>;
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
  const unloaded = join(boot.paths.agent, 'tls-unloaded');
  return {
    dueInMs,
    isUnloaded: () => existsSync(unloaded),
    setLoaded: () => rm(unloaded, { force: true }),
    async ensure({ force }) {
      const due = await dueInMs();
      if (!force && due && due.dueMs > 0) return;
      const current = identity.usable();
      if (!current) throw new GuestFault('RETRYABLE', 'The agent has no valid certificate of its own yet');
      const { privateKey, csr } = await createKeyAndCsr(boot.instanceId);
      const issued = await issueEngineCertificate({ trustDomain: boot.trustDomain, identity: current, addresses: addresses.list() }, csr).catch((error: Error) => {
        throw new GuestFault('RETRYABLE', `The engine's certificate could not be had from the conductor: ${error.message}`, { cause: error });
      });
      assertKeyFits(issued.certificateChain, privateKey);
      if (due) await writeFile(unloaded, '', { mode: 0o600, flush: true });
      await installTls(boot.paths.tls, join(boot.paths.agent, 'tls-next'), { certificate: issued.certificateChain, key: privateKey, ca: issued.ca, receivedMs: clock.now() }, own);
    },
  };
}
