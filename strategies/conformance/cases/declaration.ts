/** What the manifest says against what the halves have. */
import { describe, expect, it } from 'vitest';
import { capabilities } from '../../spi/capability.ts';
import { capabilitiesOf } from '../../spi/guest.ts';
import type { ConformanceFixture } from '../fixture.ts';

export function declarationCases(fixture: ConformanceFixture): void {
  const { manifest, control } = fixture.plugin;
  describe('declaration', () => {
    it('claims exactly the capabilities its guest half implements', async () => {
      expect([...manifest.capabilities].sort()).toEqual(capabilitiesOf(await fixture.plugin.guest()));
    });
    for (const capability of capabilities.filter((name) => !manifest.capabilities.includes(name))) {
      it(`says why it has no ${capability}`, ({ annotate }) => {
        const reason = manifest.absent?.[capability];
        void annotate(`${manifest.id} has no ${capability}: ${reason ?? '(no reason)'}`);
        expect(reason).toBeTruthy();
      });
    }
    it('offers an endpoint of a declared port, without a password in its URI', async () => {
      const ports = Object.fromEntries(manifest.ports.map((port, index) => [port.name, 20_001 + index]));
      const endpoints = await control.endpoints({ host: 'db.example', ports });
      expect(endpoints.length).toBeGreaterThan(0);
      for (const endpoint of endpoints) {
        expect(Object.values(ports)).toContain(endpoint.port);
        expect(endpoint).toMatchObject({ host: 'db.example', tls: true });
        expect(new URL(endpoint.uri).password).toBe('');
      }
    });
    it('sizes every flavor from the smallest it allows, with text values only', async () => {
      const smallest = manifest.tracks.find((track) => track.name === fixture.track)?.minMemoryMb ?? 256;
      for (const memoryMb of [smallest, 512, 1024, 4096, 65_536].filter((size) => size >= smallest)) {
        const sizing = await control.size({ track: fixture.track, flavor: { vcpus: 1, memoryMb }, volumeGb: 1 });
        expect(Object.values(sizing).every((value) => typeof value === 'string' && value !== '')).toBe(true);
      }
    });
    it('keeps passwords out of the arguments of its connect command', () => {
      expect(manifest.connect.args.join(' ')).not.toContain('{password}');
    });
  });
}
