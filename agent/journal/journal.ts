import type { Clock } from '../../kernel/clock.ts';
import { entryLimitBytes, type SlotStore } from '../state/slot-store.ts';
import type { Finding } from '../../strategies/spi/guest.ts';
import { type CommandKey, type CommandRecord, type FaultRecord, isRecordKey, recordKey } from './record.ts';

export const journalLimits = { records: 192, ageMs: 30 * 24 * 3_600_000, messageCharacters: 500 } as const;

export interface Journal {
  find(key: CommandKey): CommandRecord | undefined;
  /** Resolves when it is durable. */
  write(record: CommandRecord): Promise<void>;
  /** Of the commands of these kinds the one that ended last. */
  lastEnded(isMeant: (kind: string) => boolean): CommandRecord | undefined;
}

export function createJournal(store: SlotStore, clock: Clock): Journal {
  const all = (): CommandRecord[] => store.keys().filter(isRecordKey).map((key) => store.get(key) as CommandRecord);
  return {
    find: (key) => store.get(recordKey(key)) as CommandRecord | undefined,
    async write(record) {
      const key = recordKey(record);
      store.forget(decidePrune(all(), clock.now(), recordKey(record)));
      await store.put(key, fitRecord(record, entryLimitBytes - key.length - reserveBytes));
    },
    lastEnded: (isMeant) => all().filter(({ state, kind }) => state === 'ended' && isMeant(kind)).sort((a, b) => b.atMs - a.atMs)[0],
  };
}
const reserveBytes = 64;

/** Keys of the records that are too old or too many, oldest first, never the one at hand. */
export function decidePrune(records: readonly CommandRecord[], nowMs: number, keep: string): string[] {
  const others = records.filter((record) => recordKey(record) !== keep).sort((a, b) => a.atMs - b.atMs);
  const surplus = others.length + 1 - journalLimits.records;
  return others.filter((record, index) => index < surplus || nowMs - record.atMs > journalLimits.ageMs).map(recordKey);
}

/** Shortens messages until the record fits its slot: codes are what decides, messages are for people; what waits for a restart is in reports. */
export function fitRecord(record: CommandRecord, limitBytes: number): CommandRecord {
  for (const [characters, names] of [[journalLimits.messageCharacters, 100], [120, 50], [24, 10], [0, 0]] as const) {
    const fitted = shorten(record, characters, names);
    if (Buffer.byteLength(JSON.stringify(fitted)) <= limitBytes) return fitted;
  }
  throw new Error(`A command with ${Object.keys(record.items).length} items is too large to be journalled; send fewer at once`);
}

function shorten(record: CommandRecord, characters: number, names: number): CommandRecord {
  const cut = (fault: FaultRecord | null): FaultRecord | null => (fault ? { code: fault.code, message: fault.message.slice(0, characters) } : null);
  // ERRORs first: those are what decides.
  const shortened = (findings: readonly Finding[]): Finding[] => findings.toSorted((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0))
    .slice(0, names).map((one) => ({ ...one, subject: one.subject?.slice(0, characters) ?? null, message: one.message.slice(0, characters) }));
  const items = Object.fromEntries(Object.entries(record.items).map(([index, fault]) => [index, cut(fault)]));
  return { ...record, items, outcome: record.outcome && { ...record.outcome, fault: cut(record.outcome.fault), restartRequired: record.outcome.restartRequired.slice(0, names), ...(record.outcome.findings ? { findings: shortened(record.outcome.findings) } : {}) } };
}
