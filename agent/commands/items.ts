/**
 * Commands that make several things: each item ends on its own and is journalled on its own, so that a repeat goes on
 * where the last one stopped. What was absent before the first item was made is journalled first: an item that exists on
 * a repeat, but was absent then, is this command's own, half made when the agent died. It is undone and made anew.
 */
import type { FaultRecord } from '../journal/record.ts';

export interface ItemPlan {
  count: number;
  /** indices of the items that are not there */
  absent(): Promise<number[]>;
  create(index: number): Promise<void>;
  remove(index: number): Promise<void>;
}

export interface ItemLedger {
  absentBefore(): number[] | null;
  results(): Record<number, FaultRecord | null>;
  keepAbsent(indices: number[]): Promise<void>;
  keepResult(index: number, fault: FaultRecord | null): Promise<void>;
}

export interface ItemFrame {
  signal: AbortSignal;
  /** the fault when the error is a final answer about the item, else undefined: the command ends with it */
  itemFault(error: unknown): FaultRecord | undefined;
  progress(fraction: number, message: string): void;
}

export async function runItems(plan: ItemPlan, ledger: ItemLedger, frame: ItemFrame): Promise<void> {
  const isRepeat = ledger.absentBefore() !== null;
  if (!isRepeat) await ledger.keepAbsent(await plan.absent());
  const ours = new Set(ledger.absentBefore());
  for (let index = 0; index < plan.count; index++) {
    if (index in ledger.results()) continue;
    frame.signal.throwIfAborted();
    const fault = await makeItem(plan, index, isRepeat && ours.has(index), frame);
    await ledger.keepResult(index, fault);
    frame.progress((index + 1) / plan.count, `${index + 1} of ${plan.count}`);
  }
}

async function makeItem(plan: ItemPlan, index: number, mayBeHalfMade: boolean, frame: ItemFrame): Promise<FaultRecord | null> {
  try {
    await plan.create(index);
    return null;
  } catch (error) {
    const fault = frame.itemFault(error);
    if (!fault) throw error;
    if (fault.code !== 'EXISTS' || !mayBeHalfMade) return fault;
  }
  await plan.remove(index);
  await plan.create(index);
  return null;
}
