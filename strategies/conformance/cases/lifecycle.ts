/** From nothing to a running engine and back, each step twice. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ConformanceFixture } from '../fixture.ts';
import { listeningSockets } from '../sockets.ts';
import { expectKept, freshName, refusalOf, useSession } from './session.ts';

/** How much longer than declared a probe of a hung engine may take before the kit calls it late. */
const probeGraceMs = 2_000;
const lookEveryMs = 5;
/** For children of an engine that was killed. */
const goneTimeoutMs = 3_000;

export function lifecycleCases(fixture: ConformanceFixture): void {
  const { manifest } = fixture.plugin;
  const hasUsers = manifest.capabilities.includes('USERS');

  describe('life cycle', () => {
    const session = useSession(fixture, { prepared: false });
    const listening = async (): ReturnType<typeof listeningSockets> => listeningSockets(await session.harness.enginePids());
    const target = (): { host: string; port: number; caCertificate: string; database: null } => {
      const { host, ports, caCertificate } = session.harness.facts;
      return { host, port: ports[manifest.ports.find((port) => port.purpose === 'client')?.name ?? ''] ?? 0, caCertificate, database: null };
    };

    const expectNoProcess = (): Promise<void> => expect.poll(() => session.harness.processes(), { timeout: goneTimeoutMs, message: 'it left a process behind' }).toEqual([]);

    it('probes as down before there is anything', async () => {
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'down' });
    });
    it('initialises without a network, and leaves no process behind', async () => {
      const { host, ports } = session.harness.facts;
      const opened = await during(session.harness.call('initialise', []), async () => {
        for (const [name, port] of Object.entries(ports)) if (await accepts(host, port)) return `port ${name} accepted a connection`;
        return null;
      });
      expect(opened).toEqual([]);
      await expectNoProcess();
    });
    it('initialises again, and lets nobody in while it starts', async () => {
      await session.harness.call('initialise', []);
      await session.harness.call('configure', []);
      const stranger = { user: 'nobody-here', password: 'wrong-password', database: null };
      const entered = await during(session.harness.call('start', []), async () => {
        if ((await refusalOf(session.client.askWithoutTls(stranger))) === null) return 'it answered without TLS';
        return (await refusalOf(session.client.read(stranger, 'anything'))) === null ? 'it answered somebody without a login' : null;
      });
      expect(entered, 'authentication and TLS are on before it listens').toEqual([]);
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok', version: session.harness.facts.version, managementLost: false });
    });
    it('starts twice and stays the same process', async () => {
      const [before] = await session.harness.enginePids();
      await session.harness.call('start', []);
      expect((await session.harness.enginePids())[0]).toBe(before);
    });
    it('listens on the declared ports and nowhere else', async () => {
      const { facts } = session.harness;
      const found = await listening();
      const ports = manifest.ports.map((port) => ({ address: port.purpose === 'management' ? '127.0.0.1' : facts.bind, port: facts.ports[port.name] }));
      expect(found.tcp.sort((a, b) => a.port - b.port)).toEqual(ports.sort((a, b) => (a.port ?? 0) - (b.port ?? 0)));
      expect(found.udp).toEqual([]);
      for (const path of found.unix) expect(path.startsWith(`${facts.paths.run}/`), path).toBe(true);
    });
    it('refuses who has no login', async () => {
      const client = await fixture.plugin.client();
      await client.verifyRefusal(target(), AbortSignal.timeout(10_000));
      const wrong = { ...target(), user: 'nobody-here', password: 'wrong-password' };
      expect(await refusalOf(client.verify(wrong, AbortSignal.timeout(10_000)))).not.toBeNull();
    });
    it.runIf(hasUsers)('lets a user in over verified TLS only', async () => {
      if (session.database !== null) await session.harness.call('databases.create', [fixture.samples.databases[0]!]);
      const login = await session.user(freshName('tls'));
      const client = await fixture.plugin.client();
      const verified = await client.verify({ ...target(), ...login }, AbortSignal.timeout(10_000));
      expect(verified.version).toBe(session.harness.facts.version);
      expect(await refusalOf(client.verify({ ...target(), ...login, caCertificate: otherCa }, AbortSignal.timeout(10_000)))).not.toBeNull();
      expect(await refusalOf(session.client.askWithoutTls(login))).not.toBeNull();
    });
    it('configures again without a change', async () => {
      expect(await session.harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    });
    it.runIf(fixture.restartingFlavor)('names the parameters that wait for a restart, until the restart', async () => {
      const flavor = fixture.restartingFlavor!;
      session.harness.resize(flavor, await fixture.plugin.control.size({ track: fixture.track, flavor, volumeGb: fixture.volumeGb }));
      const first = await session.harness.call('configure', []);
      expect(first.changed).toBe(true);
      expect(first.restartRequired.length).toBeGreaterThan(0);
      expect(await session.harness.call('configure', [])).toEqual({ ...first, changed: false });
      await session.harness.call('stop', ['orderly']);
      await session.harness.call('start', []);
      expect(await session.harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    });
    it.for(['orderly', 'immediate'] as const)('stops (%s) twice, and starts with its data', async (mode, { annotate }) => {
      const name = freshName('kept');
      const login = hasUsers ? await session.user(freshName('keeper')) : null;
      if (login) await session.client.write(login, name, mode);
      if (manifest.volatileData !== undefined) void annotate(`${manifest.id} keeps no data when it stops: ${manifest.volatileData}`);
      await session.harness.call('stop', [mode]);
      await expectNoProcess();
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'down' });
      await session.harness.call('stop', [mode]);
      await session.harness.call('start', []);
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok' });
      if (login) await expectKept(fixture, session.client, { login, name, value: mode, ended: true });
    });
    it('initialises again without touching what is there', async () => {
      const name = freshName('kept');
      const login = hasUsers ? await session.user(freshName('keeper')) : null;
      if (login) await session.client.write(login, name, 'first');
      await session.harness.call('stop', ['orderly']);
      await session.harness.call('initialise', []);
      await session.harness.call('start', []);
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
      if (!login) return;
      expect(await refusalOf(session.client.read(login, name)), 'users are there after one more initialise').toBeNull();
      await expectKept(fixture, session.client, { login, name, value: 'first', ended: true });
    });
    it('comes back with its data after a SIGKILL', async () => {
      const name = freshName('kept');
      const login = hasUsers ? await session.user(freshName('keeper')) : null;
      if (login) await session.client.write(login, name, 'survivor');
      await session.harness.signalEngine('SIGKILL');
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'down' });
      await session.harness.call('start', []);
      if (login) await expectKept(fixture, session.client, { login, name, value: 'survivor', ended: true });
    });
    it('probes as hung, in time, while the engine does not answer', async () => {
      await session.harness.signalEngine('SIGSTOP');
      const since = performance.now();
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'hung' });
      expect(performance.now() - since).toBeLessThan(manifest.timeouts.probeMs + probeGraceMs);
      await session.harness.signalEngine('SIGCONT');
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok' });
    });
    it('repairs what is not broken, twice, and keeps users and data', async () => {
      const name = freshName('kept');
      const login = hasUsers ? await session.user(freshName('keeper')) : null;
      if (login) await session.client.write(login, name, 'kept');
      await session.harness.call('repair', []);
      await session.harness.call('repair', []);
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
      if (login) await expectKept(fixture, session.client, { login, name, value: 'kept' });
    });
  });
}

/** What is seen again and again while something goes on, each thing once. */
async function during(work: Promise<unknown>, look: () => Promise<string | null>): Promise<string[]> {
  const seen = new Set<string>();
  let isOver = false;
  const over = work.finally(() => { isOver = true; });
  over.catch(() => {});
  while (!isOver) {
    const found = await look();
    if (found) seen.add(found);
    await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
  }
  await over;
  return [...seen];
}

const accepts = (host: string, port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, host, () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

/** A CA that signed nothing here. */
const otherCa = `-----BEGIN CERTIFICATE-----
MIIBrzCCAVWgAwIBAgIQVfHZI7mcTHSuFQQ9OaUWzjAKBggqhkjOPQQDAjA1MSIw
IAYDVQQDExlDb25mb3JtYW5jZTogbm90IHRoaXMgb25lMQ8wDQYDVQQKEwZDb2Zm
ZXIwIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMDUxIjAgBgNVBAMT
GUNvbmZvcm1hbmNlOiBub3QgdGhpcyBvbmUxDzANBgNVBAoTBkNvZmZlcjBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABDSvJOh1soX7Hl/sNrJjko55l+2lvSqJKY2b
xtqy7ohkz/bECyF/HvclNTmHf6n/AGDHGUjksdXJqNYDJvKWFz+jRTBDMBIGA1Ud
EwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBT6ISEtdzMU
veqDWlFkrWYz1WgM0zAKBggqhkjOPQQDAgNIADBFAiEA2YsLdsRhHx0w49RRtuiV
2sNaWEIL+Jm/15V7l9ZQTNoCIHknFUbGkC5BgmOzo0GQps1otaWXXn9bh7VR5fPb
74NF
-----END CERTIFICATE-----
`;
