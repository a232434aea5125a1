import type { Finding } from '../../strategies/spi/guest.ts';
import type { UpgradeRoom } from '../upgrade/upgrading.ts';

/** What the journal keeps of one command of one step. Never a secret: passwords are neither stored nor hashed. */
export interface FaultRecord { code: string; message: string }

export interface CommandRecord {
  operationId: string;
  step: string;
  kind: string;
  /** of the command without its secrets: one step name stands for one command */
  digest: string;
  /** of the fence under which it was last run; the epoch is missing in what an earlier release wrote */
  epoch?: number;
  attempt: number;
  /** how often it was begun */
  runs: number;
  state: 'started' | 'ended';
  atMs: number;
  outcome: { fault: FaultRecord | null; restartRequired: string[]; rootName: string; /** missing in what an earlier release wrote */ findings?: Finding[]; upgradeRoom?: UpgradeRoom } | null;
  /** by index of the request's item: those that have a final result; null is success */
  items: Record<number, FaultRecord | null>;
}

export interface CommandKey { operationId: string; step: string; kind: string }
export const recordKey = (key: CommandKey): string => `run/${key.operationId}/${key.step}/${key.kind}`;
/** Names a step's command in reports. */
export const commandName = (key: Pick<CommandKey, 'operationId' | 'step'>): string => `${key.operationId}/${key.step}`;
/** An older fence is refused, so that another one is a later one. */
export const isOfEarlierEpoch = (record: Pick<CommandRecord, 'epoch'>, epoch: number): boolean => record.epoch !== undefined && record.epoch !== epoch;
export const isRecordKey = (key: string): boolean => key.startsWith('run/');
