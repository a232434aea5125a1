import type { Log } from '../../../kernel/log.ts';
import type { ComputeStrategy, Enrolment } from '../../../strategies/spi/compute.ts';
import type { Agents } from '../../agents/agents.ts';
import type { Catalogue } from '../../domain/api.ts';
import type { NewerBuilds } from '../../hosts/newer-builds.ts';
import type { Operations } from '../workflow.ts';
import type { Reserve } from '../../domain/admission.ts';
import type { ClientRunner } from '../../plugins/client-runner.ts';
import type { ControlHost } from '../../plugins/control-host.ts';
import type { ParameterCatalogues } from '../../plugins/parameters.ts';
import type { Sealer } from '../../store/seal.ts';
import type { Store, Tx } from '../../store/tx.ts';

/** What workflow steps stand on; made once by the composition. */
export interface WorkflowDeps {
  store: Store;
  sealer: Sealer;
  catalogue: Catalogue;
  control: ControlHost;
  agents: Agents;
  parameters: ParameterCatalogues;
  /** for those that begin others; there once all workflows are known */
  operations(): Operations;
  compute(hostId: string): ComputeStrategy;
  newerBuilds: NewerBuilds;
  client: ClientRunner;
  issueEnrolment(tx: Tx, instanceId: string): Promise<Enrolment>;
  revokeIdentity(tx: Tx, instanceId: string): Promise<void>;
  enginePorts: { from: number; to: number };
  engineBind: string;
  engineAdvertise: string;
  reserve: Reserve;
  log: Log;
}

/** Retries of a step that talks to the host or the agent: both come back within seconds after a crash. */
export const patient = { attempts: 8, firstDelayMs: 200, maxDelayMs: 5_000 } as const;
/** A step whose failure is rarely cured by waiting. */
export const brief = { attempts: 3, firstDelayMs: 200, maxDelayMs: 2_000 } as const;

export const secondsMs = (n: number): number => n * 1_000;
export const minutesMs = (n: number): number => n * 60_000;
