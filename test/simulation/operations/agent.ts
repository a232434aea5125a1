/**
 * The world's side of a fence: refuses what is older than anything seen for the subject, answers a repeat from its
 * journal, acts once. Calls reach it late, twice, or after their sender died.
 */
import { compareFence, type Fence } from '../../../kernel/fence.ts';

export type Direction = 'do' | 'undo';
export interface Applied { operation: string; step: string; direction: Direction; fence: Fence; at: number }

export interface ModelAgent {
  /** 'refused': an older fence. Otherwise what happened, now or at an earlier call. */
  call(call: { subject: string; operation: string; step: string; direction: Direction; fence: Fence }, now: number): 'done' | 'refused';
  /** What stands after all: 1 done, 0 undone or never done. */
  standing(operation: string, step: string): number;
  applied: Applied[];
}

export function createModelAgent(): ModelAgent {
  // The highest epoch of a subject and, since shared operations go side by side, the highest attempt of each operation.
  const newest = new Map<string, Fence>();
  const ofOperation = new Map<string, Fence>();
  const standing = new Map<string, number>();
  const journal = new Set<string>();
  const applied: Applied[] = [];
  return {
    applied,
    standing: (operation, step) => standing.get(`${operation}/${step}`) ?? 0,
    call({ subject, operation, step, direction, fence }, now) {
      const last = newest.get(subject);
      const own = ofOperation.get(operation);
      if ((last && compareFence(fence, last, false) < 0) || (own && compareFence(fence, own, true) < 0)) return 'refused';
      newest.set(subject, fence);
      ofOperation.set(operation, fence);
      const key = `${operation}/${step}`;
      // A step may be done again once it was undone (a retry): the journal is about the latest of the two.
      if (journal.has(`${key}/${direction}`)) return 'done';
      journal.add(`${key}/${direction}`);
      journal.delete(`${key}/${direction === 'do' ? 'undo' : 'do'}`);
      const before = standing.get(key) ?? 0;
      const after = direction === 'do' ? before + 1 : 0;
      if (after !== before) {
        standing.set(key, after);
        applied.push({ operation, step, direction, fence, at: now });
      }
      return 'done';
    },
  };
}
