/** Renews the engine's certificate at two thirds of its life, in turn with the commands, and has the engine load it. */
import type { Log } from '../../kernel/log.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { EngineCertificate } from '../identity/engine-certificate.ts';
import { type ContextFactory, ownFrame } from '../supervisor/context.ts';
import type { LifeCycle } from './life-cycle.ts';
import type { Runner } from './runner.ts';

const longestRestMs = 3_600_000;
/** before there is one, and after nothing could be read */
const idleMs = 2_000;
/** for the conductor's answer and for commands before it */
const graceMs = 20_000;

export interface CertificateRenewal { begin(): void; end(): void }
export interface CertificateRenewalParts {
  engineCertificate: EngineCertificate; lifeCycle: LifeCycle; runner: Runner; context: ContextFactory; timeouts: GuestTimeouts; log: Log;
}

export function createCertificateRenewal({ engineCertificate, lifeCycle, runner, context, timeouts, log }: CertificateRenewalParts): CertificateRenewal {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;

  const renew = async (): Promise<void> => {
    await runner.inTurn(async (signal) => {
      await engineCertificate.ensure({ force: false });
      if (engineCertificate.isUnloaded()) await lifeCycle.reloadCertificate(context(ownFrame('certificate-renewal', timeouts.statementMs, signal)));
    }, timeouts.statementMs + graceMs);
    log.info({}, 'the engine\'s certificate was renewed');
  };
  const turn = async (): Promise<number> => {
    const due = await engineCertificate.dueInMs();
    if (!due) return idleMs;
    if (due.dueMs > 0 && !engineCertificate.isUnloaded()) return Math.min(longestRestMs, due.dueMs);
    try {
      await renew();
      return 0;
    } catch (error) {
      log.warn({ reason: (error as Error).message, retryMs: due.retryMs }, 'the engine\'s certificate could not be renewed; it is tried again');
      return due.retryMs;
    }
  };
  const loop = (): void => {
    void turn().catch(() => idleMs).then((restMs) => {
      if (!hasEnded) timer = setTimeout(loop, restMs);
    });
  };
  return {
    begin: loop,
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}
