/** A configuration group from the engine's side: its catalogue, values taken live and by a restart, and what is left when it goes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { withOverlay } from '../../spi/parameter-overlay.ts';
import { GuestFault } from '../../spi/guest.ts';
import type { LiveParameter } from '../../spi/parameters.ts';
import type { ConfigurationSamples, ConformanceFixture } from '../fixture.ts';
import { freshName, useSession } from './session.ts';

export function configurationCases(fixture: ConformanceFixture): void {
  const hasGroup = fixture.plugin.manifest.capabilities.includes('CONFIGURATION');

  describe('configuration', () => {
    it.runIf(hasGroup)('the fixture has parameters to try', () => {
      expect(fixture.configuration, 'CONFIGURATION is claimed: the fixture needs `configuration`').toBeDefined();
    });
    if (!hasGroup || !fixture.configuration) return;
    catalogueCases(fixture, fixture.configuration);
    valueCases(fixture, fixture.configuration);
  });
}

function catalogueCases(fixture: ConformanceFixture, { live, overlay = { parameters: {} } }: ConfigurationSamples): void {
  describe('', () => {
    const session = useSession(fixture, { prepared: false });
    it('an instance that is made with a group begins with its values', async () => {
      session.harness.tune({ [live.name]: live.value });
      for (const method of ['initialise', 'configure', 'start'] as const) await session.harness.call(method, []);
      expect(await session.harness.call('configuration.read', [])).toContainEqual({ name: live.name, value: live.value, pending: null });
    });
    it('the catalogue is what the engine tells', async () => {
      session.harness.tune({ ...overlay.askedWith });
      await session.harness.call('initialise', []);
      await session.harness.call('stop', ['orderly']);
      for (const method of ['configure', 'start'] as const) await session.harness.call(method, []);
      const told = withOverlay(await session.harness.call('configuration.describe', []), overlay);
      expect(told.length).toBeGreaterThan(0);
      expect(await fixture.plugin.control.parameters?.({ track: fixture.track })).toEqual(told);
    });
  });
}

function valueCases(fixture: ConformanceFixture, { live, restart, refused, seen }: ConfigurationSamples): void {
  const hasUsers = fixture.plugin.manifest.capabilities.includes('USERS');

  describe('', () => {
    const session = useSession(fixture, { prepared: true });
    const call: typeof session.harness.call = (...args) => session.harness.call(...args);
    const configureWith = async (parameters: Record<string, string>): ReturnType<typeof call<'configure'>> => {
      session.harness.tune(parameters);
      return call('configure', []);
    };
    const restarted = async (): Promise<void> => {
      await call('stop', ['orderly']);
      await call('start', []);
    };
    const valueOf = async (name: string): Promise<LiveParameter | undefined> => (await call('configuration.read', [])).find((one) => one.name === name);
    const files = async (): Promise<Record<string, string>> => {
      const { config } = session.harness.facts.paths;
      return Object.fromEntries(await Promise.all((await readdir(config)).sort().map(async (name) => [name, await readFile(join(config, name), 'latin1')] as const)));
    };
    const told = (value: string, pending: string | null = null): unknown => expect.objectContaining({ value, pending });

    /** What an instance without a group has; each case begins and ends with it. */
    let bare: { files: Record<string, string>; parameters: LiveParameter[] };
    beforeEach(async () => {
      await call('start', []);
      if ((await configureWith({})).restartRequired.length > 0) await restarted();
      bare ??= { files: await files(), parameters: await call('configuration.read', []) };
    });

    it('what is read is of the catalogue, and nothing waits', async () => {
      const names = new Set((await fixture.plugin.control.parameters?.({ track: fixture.track }))?.map(({ name }) => name));
      expect(bare.parameters.length).toBeGreaterThan(0);
      expect(bare.parameters.filter(({ name }) => !names.has(name))).toEqual([]);
      expect(bare.parameters.filter(({ pending }) => pending !== null)).toEqual([]);
      expect([live.value, live.other], 'the samples are of other values than an instance has').not.toContain((await valueOf(live.name))?.value);
    });
    it('a live value is taken at once and read back, and again is no change', async () => {
      expect(await configureWith({ [live.name]: live.value })).toEqual({ changed: true, restartRequired: [] });
      expect(await valueOf(live.name)).toEqual(told(live.value));
      expect(await configureWith({ [live.name]: live.value })).toEqual({ changed: false, restartRequired: [] });
      expect(await configureWith({ [live.name]: live.other })).toEqual({ changed: true, restartRequired: [] });
      expect(await valueOf(live.name)).toEqual(told(live.other));
    });
    it.runIf(seen && hasUsers)('a live value is what an application sees', async () => {
      const login = await session.user(freshName('looker'));
      for (const value of [live.value, live.other]) {
        await configureWith({ [live.name]: value });
        expect(await seen?.(session.harness.facts, login)).toBe(value);
      }
    });
    it('a live value is there after a restart', async () => {
      await configureWith({ [live.name]: live.value });
      await restarted();
      expect(await valueOf(live.name)).toEqual(told(live.value));
      expect(await configureWith({ [live.name]: live.value })).toEqual({ changed: false, restartRequired: [] });
    });
    it.runIf(restart)('a value for the next start waits, is named, and is taken by it', async () => {
      const { name, value } = restart!;
      const before = (await valueOf(name))?.value;
      expect(await configureWith({ [name]: value })).toEqual({ changed: true, restartRequired: [name] });
      expect(await valueOf(name)).toEqual({ name, value: before, pending: value });
      expect(await configureWith({ [name]: value })).toEqual({ changed: false, restartRequired: [name] });
      await restarted();
      expect(await valueOf(name)).toEqual(told(value));
      expect(await configureWith({ [name]: value })).toEqual({ changed: false, restartRequired: [] });
    });
    it.runIf(restart)('a value that waited and is taken back waits no more', async () => {
      await configureWith({ [restart!.name]: restart!.value });
      expect(await configureWith({})).toEqual({ changed: true, restartRequired: [] });
      expect(await call('configuration.read', [])).toEqual(bare.parameters);
    });
    it('a group that goes leaves files and values as they were', async () => {
      const group = { [live.name]: live.value, ...(restart ? { [restart.name]: restart.value } : {}) };
      await configureWith(group);
      await restarted();
      expect((await configureWith({})).restartRequired).toEqual(restart ? [restart.name] : []);
      expect(await files()).toEqual(bare.files);
      if (restart) await restarted();
      expect(await call('configuration.read', [])).toEqual(bare.parameters);
      expect(await files()).toEqual(bare.files);
    });
    it('a stopped engine is configured for its next start, and back', async () => {
      await call('stop', ['orderly']);
      expect(await configureWith({ [live.name]: live.value })).toMatchObject({ changed: true });
      expect(await configureWith({ [live.name]: live.value })).toMatchObject({ changed: false });
      await call('start', []);
      expect(await valueOf(live.name)).toEqual(told(live.value));
      await call('stop', ['orderly']);
      await configureWith({});
      expect(await files()).toEqual(bare.files);
      await call('start', []);
      expect(await call('configuration.read', [])).toEqual(bare.parameters);
    });
    it.runIf(refused)('a value that the engine does not take is refused by its name, and the ones from before can be put back', async () => {
      const former = { [live.name]: live.value };
      await configureWith(former);
      const [before, filesBefore] = [await call('configuration.read', []), await files()];
      const { name, value } = refused!;
      const fault = await configureWith({ ...former, [name]: value }).then(() => null, (error: unknown) => error);
      expect(fault).toBeInstanceOf(GuestFault);
      expect(fault).toMatchObject({ code: 'REFUSED', message: expect.stringContaining(name) as string });
      expect((await configureWith(former)).restartRequired).toEqual([]);
      expect(await call('configuration.read', [])).toEqual(before);
      expect(await files()).toEqual(filesBefore);
    });
  });
}
