/** Another size from the engine's side: it is asked first, configured then, restarted where it says so, and keeps what it holds. */
import { describe, expect, it } from 'vitest';
import type { FlavorSize } from '../../spi/control.ts';
import type { NextSize } from '../../spi/guest.ts';
import type { ConformanceFixture } from '../fixture.ts';
import { expectKept, freshName, useSession } from './session.ts';

/** The same, but twice as much of everything. */
const twice = ({ vcpus, memoryMb }: FlavorSize): FlavorSize => ({ vcpus: 2 * vcpus, memoryMb: 2 * memoryMb });

export async function nextSize({ plugin, track, volumeGb }: ConformanceFixture, flavor: FlavorSize): Promise<NextSize> {
  return { flavor, volumeGb, sizing: await plugin.control.size({ track, flavor, volumeGb }), parameters: {} };
}

export function resizeCases(fixture: ConformanceFixture): void {
  const has = (capability: 'RESIZE' | 'USERS'): boolean => fixture.plugin.manifest.capabilities.includes(capability);
  if (!has('RESIZE')) return;

  describe('resize', () => {
    const session = useSession(fixture, { prepared: true });
    const call: typeof session.harness.call = (...args) => session.harness.call(...args);
    const configured = async (flavor: FlavorSize): Promise<string[]> => {
      session.harness.resize(flavor, (await nextSize(fixture, flavor)).sizing);
      return (await call('configure', [])).restartRequired;
    };
    const restarted = async (): Promise<void> => {
      await call('stop', ['orderly']);
      await call('start', []);
    };

    it('an engine that holds nothing fits, and asking changes nothing', async () => {
      for (const flavor of [twice(fixture.flavor), fixture.flavor]) {
        const to = await nextSize(fixture, flavor);
        expect((await call('resize.check', [to])).filter(({ severity }) => severity === 'ERROR')).toEqual([]);
        expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
      }
    });
    it('grows as it runs, shrinks while it is stopped, keeps its data, and asks for nothing more afterwards', async () => {
      const [login, word] = has('USERS') ? [await session.user(freshName('grown')), freshName('kept')] : [null, ''];
      if (login) await session.client.write(login, word, 'yes');
      const isRight = async (ended: boolean): Promise<void> => {
        expect(await call('probe', [])).toMatchObject({ state: 'ok' });
        expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
        if (login) await expectKept(fixture, session.client, { login, name: word, value: 'yes', ended });
      };
      const isAsked = (await configured(twice(fixture.flavor))).length > 0;
      if (isAsked) await restarted();
      await isRight(isAsked);
      await call('stop', ['orderly']);
      await configured(fixture.flavor);
      await call('start', []);
      await isRight(true);
    });
    it.runIf(fixture.resize && has('USERS'))('what it holds and a smaller size has no room for is found, with what to do about it', async () => {
      const { tooSmall, fill } = fixture.resize!;
      const login = await session.user(freshName('full'));
      await fill(session.client, login);
      const found = await call('resize.check', [await nextSize(fixture, tooSmall)]);
      expect(found.map(({ severity }) => severity)).toContain('ERROR');
      for (const { message } of found) expect(message).toMatch(/\w+ \w+/);
      expect((await call('resize.check', [await nextSize(fixture, twice(fixture.flavor))])).filter(({ severity }) => severity === 'ERROR')).toEqual([]);
    });
  });
}
