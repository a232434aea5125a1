/** Compute's own knowledge of a guest, `instances/<id>/guest.json`: enough to bring it back with nobody else there. */
import type { Fence } from '../../kernel/fence.ts';
import type { GuestSpec } from '../../strategies/spi/compute.ts';
import type { ProcessIdentity } from '../processes/proc.ts';

export type KnownSpec = Omit<GuestSpec, 'enrolment'> & { enrolment: Omit<GuestSpec['enrolment'], 'token'> };

export interface GuestRecord {
  version: 1;
  instanceId: string;
  /** the highest seen, and whose it was */
  fence: Fence;
  operationId: string;
  /** newest attempt by operation: shared operations of one epoch go side by side, each with attempts of its own */
  attempts: Record<string, number>;
  /** `prepared`: a volume and no guest yet */
  desired: 'prepared' | 'running' | 'stopped' | 'destroyed';
  volumeGb: number;
  /** of a volume strategy; missing where an earlier release made it: `directory` */
  volumeType?: string;
  isolation: 'users' | 'shared';
  /** the host's numbers; null with `shared` */
  uids: { agent: number; engine: number } | null;
  /** null: `instances/<id>/run`; else a stand-in because that path is too long for sockets */
  shortRun: string | null;
  spec: KnownSpec | null;
  build: { id: string; version: string; prefix: string; binDir: string } | null;
  agent: ProcessIdentity | null;
  /** folder the running agent was started from */
  runtime: string | null;
  /** id of the build that the running agent was started with; missing where an earlier release started it */
  agentBuild?: string;
  limitsUnenforced: string | null;
  /** of plugins, as its agent was last told of them; missing where an earlier release started it */
  packages?: readonly string[];
}

/** Left when a guest is destroyed, so that a call of a zombie that comes late makes nothing again. */
export interface Tombstone { instanceId: string; fence: Fence; operationId: string; at: string }
export const tombstoneDays = 14;
