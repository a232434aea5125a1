/** From each track to each that its data can be brought to, or to another build of its own: what was there is there, and users come in as before. */
import { describe, expect, it } from 'vitest';
import type { NamedBuild } from '../../spi/guest.ts';
import type { ConformanceFixture, Login } from '../fixture.ts';
import { expectKept, freshName, type Session, useSession } from './session.ts';

const hasUpgrade = ({ plugin }: ConformanceFixture): boolean => plugin.manifest.capabilities.includes('UPGRADE');
/** of `run`; more of them take long, and find the same */
const mostKills = 4;

export function upgradeCases(fixture: ConformanceFixture): void {
  if (!hasUpgrade(fixture)) return;
  const targets = fixture.plugin.manifest.tracks.find(({ name }) => name === fixture.track)?.upgradesTo ?? [];
  for (const to of targets) {
    upgradeWay(fixture, to, to);
    killedWay(fixture, to);
  }
  // Every instance can come to a new build of its version. The one that is here stands for that.
  if (targets.length === 0) upgradeWay(fixture, fixture.track, `another build of ${fixture.track}`);
}

function upgradeWay(fixture: ConformanceFixture, to: string, name: string): void {
  describe('upgrade', () => {
    const session = useSession(fixture, { prepared: true });
    it(`(upgrade.check) the running engine is asked about ${name}, and nothing changes`, async () => {
      const { login, name: kept } = await written(session);
      const before = await session.harness.processes();
      const findings = await session.harness.call('upgrade.check', [await session.harness.build(to)]);
      expect(findings.filter(({ severity }) => severity === 'ERROR').map(({ message }) => message)).toEqual([]);
      expect((await session.harness.call('probe', [])).state).toBe('ok');
      expect(await session.client.read(login, kept)).toBe('before');
      expect(await session.harness.processes()).toEqual(expect.arrayContaining(before.slice(0, 1)));
    });
    it(`(upgrade.run) what was there is there in ${name}; users come in, and the engine works`, async () => {
      const seen = await written(session);
      const from = await stopped(session, fixture.track);
      await session.harness.changeBuild(await session.harness.build(to));
      await session.harness.call('upgrade.run', [from]);
      await expectUpgraded(session, from, seen);
    });
  });
}

function killedWay(fixture: ConformanceFixture, to: string): void {
  describe('upgrade', () => {
    const session = useSession(fixture, { prepared: true });
    it(`(upgrade.run) killed half-way, it ends the same in ${to} once the data were put back`, async () => {
      const seen = await written(session);
      const from = await stopped(session, fixture.track);
      await session.harness.changeBuild(await session.harness.build(to));
      for (let nth = 1; nth <= mostKills; nth++) {
        const { finished } = await session.harness.callAndKill('upgrade.run', [from], { atHandleCall: nth });
        await session.harness.putDataBack();
        if (finished) break;
      }
      await session.harness.call('upgrade.run', [from]);
      await expectUpgraded(session, from, seen);
    });
  });
}

interface Written { login: Login; name: string }

async function written(session: Session): Promise<Written> {
  const login = await session.user(freshName('upgrader'));
  const name = freshName('upgraded');
  await session.client.write(login, name, 'before');
  return { login, name };
}

async function stopped(session: Session, track: string): Promise<NamedBuild> {
  const from = await session.harness.build(track);
  await session.harness.call('stop', ['orderly']);
  await session.harness.keepData();
  return from;
}

/** The old stock client goes on with the new engine. */
async function expectUpgraded(session: Session, from: NamedBuild, { login, name }: Written): Promise<void> {
  const { harness, client, fixture } = session;
  await harness.call('configure', []);
  await harness.call('start', []);
  await harness.call('upgrade.finish', [from]);
  // A repeat finds nothing to do.
  await harness.call('upgrade.finish', [from]);
  expect((await harness.call('probe', [])).managementLost).toBe(false);
  await expectKept(fixture, client, { login, name, value: 'before', ended: true });
  await client.write(login, name, 'after');
  expect(await client.read(login, name)).toBe('after');
  await expect(client.read({ ...login, password: 'not the password' }, name)).rejects.toThrow();
  const fresh = await session.user(freshName('after'));
  await client.write(fresh, freshName('new'), 'value');
}
