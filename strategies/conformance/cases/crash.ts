/**
 * Each method again after the process that ran it was killed in its middle: at every use of its grip on the engine, and
 * at moments spread over the time the method takes. The engine goes on; the repeat carries the same operation id.
 */
import { describe, expect, it } from 'vitest';
import type { ConformanceFixture } from '../fixture.ts';
import type { GuestHarness, KillPoint } from '../harness.ts';
import { settled, useSession } from './session.ts';
import { tellStories } from './stories.ts';

const points = {
  all: { fractions: [0.2, 0.5, 0.8], handleCalls: 8 },
  few: { fractions: [0.5], handleCalls: 1 },
} as const;

export function crashCases(fixture: ConformanceFixture): void {
  const { fractions, handleCalls } = points[fixture.killPoints ?? 'all'];

  describe('after its process was killed in the middle', () => {
    it('initialise starts over and ends with an engine that starts', async () => {
      const tookMs = await initialiseOnce(fixture);
      const harness = await fixture.createHarness();
      try {
        const moments: KillPoint[] = [...fractions.map((fraction) => ({ afterMs: tookMs * fraction })), { atHandleCall: 1 }, { atHandleCall: 2 }];
        for (const point of moments) {
          const { finished } = await harness.callAndKill('initialise', [], point);
          if (finished) break;
        }
        await harness.call('initialise', []);
        await harness.call('configure', []);
        await harness.call('start', []);
        expect(await harness.call('probe', [])).toMatchObject({ state: 'ok' });
      } finally {
        await harness.dispose();
      }
    });

    describe('', () => {
      const session = useSession(fixture, { prepared: true });
      const call: typeof session.harness.call = (...args) => session.harness.call(...args);
      tellStories(fixture, session, (title, isPossible, story) => {
        it.runIf(isPossible)(`${title} (${story.method})`, async () => {
          // Whatever an earlier story that failed left behind.
          await call('start', []);
          const measured = await story.prepare();
          const since = performance.now();
          await call(story.method, measured.args);
          const tookMs = performance.now() - since;
          const uses = Math.min(session.harness.handleCalls(), handleCalls);
          await measured.check();
          const moments: KillPoint[] = [...Array.from({ length: uses }, (_, i) => ({ atHandleCall: i + 1 })), ...fractions.map((f) => ({ afterMs: tookMs * f }))];
          for (const [index, point] of moments.entries()) {
            const { args, check } = await story.prepare();
            const operationId = `op_crash_${story.method}_${index}`;
            await session.harness.callAndKill(story.method, args, point, { operationId });
            await settled(call(story.method, args, { operationId }));
            await check().catch((error: unknown) => { throw new Error(`killed at ${JSON.stringify(point)}: ${String(error)}`, { cause: error }); });
          }
        });
      });
    });
  });
}

async function initialiseOnce(fixture: ConformanceFixture): Promise<number> {
  const harness: GuestHarness = await fixture.createHarness();
  try {
    // The process behind the harness is up by then: its start is no part of the method.
    await harness.call('probe', []);
    const since = performance.now();
    await harness.call('initialise', []);
    return performance.now() - since;
  } finally {
    await harness.dispose();
  }
}
