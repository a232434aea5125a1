/**
 * Commands that make several things: each item ends on its own and is journalled on its own, so that a repeat goes on
 * where the last one stopped. One half made when the agent died is finished by the plugin: it knows its own by the
 * operation's id.
 */
import type { FaultRecord } from '../journal/record.ts';

export interface ItemLedger {
  results(): Record<number, FaultRecord | null>;
  /** Resolves when it is durable. */
  keepResult(index: number, fault: FaultRecord | null): Promise<void>;
}

export interface ItemFrame {
  signal: AbortSignal;
  /** the fault when the error is a final answer about the item, else undefined: the command ends with it */
  itemFault(error: unknown): FaultRecord | undefined;
  progress(fraction: number, message: string): void;
}

export async function runItems(count: number, create: (index: number) => Promise<void>, ledger: ItemLedger, frame: ItemFrame): Promise<void> {
  for (let index = 0; index < count; index++) {
    if (index in ledger.results()) continue;
    frame.signal.throwIfAborted();
    await ledger.keepResult(index, await makeItem(() => create(index), frame));
    frame.progress((index + 1) / count, `${index + 1} of ${count}`);
  }
}

async function makeItem(create: () => Promise<void>, frame: ItemFrame): Promise<FaultRecord | null> {
  try {
    await create();
    return null;
  } catch (error) {
    const fault = frame.itemFault(error);
    if (!fault) throw error;
    return fault;
  }
}
