/** What the manifest says against what the halves have. */
import { describe, expect, it } from 'vitest';
import type { ConformanceFixture } from '../fixture.ts';
import { answersOf, staticChecks, type StaticSubject, subjectOf } from '../static.ts';

export function declarationCases({ plugin, samples }: ConformanceFixture): void {
  describe('declaration', () => {
    const subject = async (): Promise<StaticSubject> => subjectOf(plugin, await plugin.guest(), samples);
    it.each(staticChecks)('$rule', async ({ find }) => {
      expect(await find(await subject())).toEqual([]);
    });
    it('the same question to the control half has the same answer', async () => {
      expect(await answersOf(await subject())).toEqual(await answersOf(await subject()));
    });
  });
}
