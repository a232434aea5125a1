/** A rollout of many waves, on a store that knows what it is asked for; time passes while somebody waits. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WaveInstance } from '../../../gateway/domain/waves.ts';
import type { OperationView, StepContext } from '../../../gateway/operations/workflow.ts';
import { StepWaitsError } from '../../../gateway/operations/workflow.ts';
import type { WorkflowDeps } from '../../../gateway/operations/workflows/deps.ts';
import { wavesStep } from '../../../gateway/operations/workflows/waves.ts';
import { newId } from '../../../kernel/ids.ts';

/** What the engine keeps of a step's output. */
const mostOutputBytes = 256 * 1024;
interface Child { id: string; isEarlier: boolean; state: OperationView['state']; fault: null; instanceId: string; name: string }

let nowMs = 0;
beforeEach(() => { nowMs = 0; vi.spyOn(performance, 'now').mockImplementation(() => nowMs); });
afterEach(() => { vi.restoreAllMocks(); });

/** Each instance takes its wave so long. */
function world(count: number, waveSize: number, takesMs: number) {
  const instances = Array.from({ length: count }, (_, i): WaveInstance => ({ id: newId('Instance'), name: `shop-${i}`, busyWith: null, isUnsettled: false }));
  const children: Child[] = [];
  const tx = { query: async (sql: string, [id]: [string]) => (sql.includes('for update') ? [{ id, name: id, deleted_at: null, host_id: 'host', project_id: 'project' }] : []) };
  const operations = {
    async enqueue(_tx: unknown, { subjectId: instanceId }: { subjectId: string }) {
      const child: Child = { id: newId('Operation'), isEarlier: false, state: 'RUNNING', fault: null, instanceId, name: instances.find(({ id }) => id === instanceId)!.name };
      children.push(child);
      return child;
    },
    async waitForEnd(id: string) { nowMs += takesMs; children.find((child) => child.id === id)!.state = 'SUCCEEDED'; },
  };
  const deps = { store: { query: async () => children }, operations: () => operations } as unknown as WorkflowDeps;
  const step = wavesStep<object, WaveInstance>(deps, {
    name: 'roll-out', title: 'Roll out', timeoutMs: 1_000, instances: async () => instances, isLeft: () => true, sizeOf: () => waveSize, told: () => 'have it', child: () => ({ kind: 'instance.configure', input: {} }),
  });
  const ctx = { input: {}, operation: { id: 'op', deadline: new Date(), actor: 'a' }, signal: new AbortController().signal, progress: () => {}, write: (work: (given: unknown) => unknown) => work(tx) } as unknown as StepContext<object>;
  return { step, ctx };
}

it('of many short waves it gives way before the time of its step is up', async () => {
  const { step, ctx } = world(200, 1, 2_000);
  for (let ended = false; !ended;) {
    const since = nowMs;
    ended = await step.run(ctx).then(() => true, (error: unknown) => { if (error instanceof StepWaitsError) return false; throw error; });
    expect(nowMs - since).toBeLessThan(step.timeoutMs - 10_000);
  }
  expect(nowMs).toBe(400_000);
});

it('of thousands it ends with what can be kept', async () => {
  const { step, ctx } = world(3_000, 50, 0);
  expect(JSON.stringify(await step.run(ctx)).length).toBeLessThan(mostOutputBytes);
});
