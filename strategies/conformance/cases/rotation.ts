/** A new certificate is shown to new connections; those that are open stay. */
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { ConformanceFixture } from '../fixture.ts';
import { freshName, useSession } from './session.ts';

export function rotationCases(fixture: ConformanceFixture): void {
  const { manifest } = fixture.plugin;
  describe.runIf(manifest.capabilities.includes('TLS'))('certificate rotation', () => {
    const session = useSession(fixture, { prepared: true });
    const serialNumber = async (): Promise<string> => {
      const { host, ports, caCertificate } = session.harness.facts;
      const port = ports[manifest.ports.find((one) => one.purpose === 'client')?.name ?? ''] ?? 0;
      return fixture.presentedSerial ? fixture.presentedSerial({ host, port, caCertificate }) : directSerial({ host, port, caCertificate });
    };

    it.runIf(manifest.capabilities.includes('USERS'))('reaches new connections and leaves the open ones alone', async () => {
      const login = await session.user(freshName('steady'));
      const held = await session.client.hold(login);
      const fresh = await session.harness.issueCertificate();
      expect(await serialNumber()).not.toBe(fresh.serialNumber);
      await session.harness.call('tls.rotate', []);
      expect(await serialNumber()).toBe(fresh.serialNumber);
      await held.ask();
      await session.client.write(login, freshName('after'), 'x');
      await held.close();
    });
    it('may be asked for twice, and again after the engine came back', async () => {
      await session.harness.call('tls.rotate', []);
      await session.harness.call('stop', ['orderly']);
      const fresh = await session.harness.issueCertificate();
      await session.harness.call('tls.rotate', []);
      await session.harness.call('start', []);
      expect(await serialNumber()).toBe(fresh.serialNumber);
    });
  });
}

const connectTimeoutMs = 5_000;

/** For engines that speak TLS from the first byte. */
function directSerial(target: { host: string; port: number; caCertificate: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, ca: target.caCertificate, timeout: connectTimeoutMs }, () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
    socket.once('timeout', () => socket.destroy(new Error(`no TLS answer within ${connectTimeoutMs} ms`)));
    socket.once('error', reject);
  });
}
