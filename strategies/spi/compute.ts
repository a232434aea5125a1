import type { Fence } from '../../kernel/fence.ts';
import type { FlavorSize } from './control.ts';
import type { EngineBuild } from './engine-source.ts';

/** What a compute strategy needs to make a guest: an agent with its engine's build, volume and ports. */
export interface GuestSpec {
  instanceId: string;
  datastore: string;
  track: string;
  buildId: string;
  flavor: FlavorSize;
  volumeGb: number;
  /** by the names of the manifest's ports; already reserved in the store */
  ports: Record<string, number>;
  bind: string;
  advertise: string;
  enrolment: Enrolment;
}
/** What of a guest changes; what is left out stays. */
export interface GuestChange { flavor?: FlavorSize; volumeGb?: number; /** the engine must be stopped */ build?: { track: string; buildId: string } }
/** One-time secret and where to bring it. */
export interface Enrolment { token: string; trustDomain: string; identityCa: string; enrolAddress: string; conductorAddress: string }

export interface GuestFacts {
  state: 'absent' | 'starting' | 'running' | 'stopped';
  agentPid: number | null;
  enginePids: number[];
  isolation: 'users' | 'shared';
  /** null when the limit is enforced; else why not */
  limitsUnenforced: string | null;
  /** as large as its volume has been made; missing where there is none, or an earlier release answers */
  volumeGb?: number;
}
/** `problem`: why the host cannot have such volumes; null: it can. */
export interface VolumeTypeFacts { name: string; problem: string | null }
export interface HostFacts {
  name: string; region: string; zone: string;
  memoryTotalMb: number; memoryAvailableMb: number; diskTotalBytes: number; diskFreeBytes: number;
  vcpus: number; isolation: 'users' | 'shared'; limitsEnforced: boolean; runtimeHash: string;
  /** memory that a guest takes besides its flavor: admission counts it for each */
  guestOverheadMb: number;
  /** missing from an earlier release, which has `directory` alone */
  volumeTypes?: VolumeTypeFacts[];
}
/** `offered`: a new instance of its track gets it, without a source being asked; missing where an earlier release answers. */
export interface ListedBuild extends EngineBuild { offered?: boolean }
export interface EngineRequest { datastore: string; track: string; refresh?: boolean }
export interface CallOptions { signal: AbortSignal; fence: Fence; operationId: string; progress?(fraction: number, message: string): void }

/** Creates and destroys guests. Every method is idempotent by instance id; an older fence is refused. */
export interface ComputeStrategy {
  facts(signal: AbortSignal): Promise<HostFacts>;
  listBuilds(signal: AbortSignal): Promise<ListedBuild[]>;
  /** Answers what is installed; with `refresh` the source is asked for a newer build first. */
  ensureEngine(request: EngineRequest, options: Omit<CallOptions, 'fence' | 'operationId'>): Promise<EngineBuild>;
  createVolume(request: { instanceId: string; sizeGb: number; /** of a volume strategy of the host; `directory` when left out */ type?: string }, options: CallOptions): Promise<void>;
  /** Under a running engine; the agent is told. A size that it has already, or is beyond, changes nothing. */
  growVolume(request: { instanceId: string; sizeGb: number }, options: CallOptions): Promise<GuestFacts>;
  createGuest(spec: GuestSpec, options: CallOptions): Promise<GuestFacts>;
  /** Limits and the agent's knowledge of them change under a running engine. With another build the agent is started anew, and nothing of the engine may run. */
  changeGuest(instanceId: string, change: GuestChange, options: CallOptions): Promise<GuestFacts>;
  inspect(instanceId: string, signal: AbortSignal): Promise<GuestFacts>;
  /** Gives an agent that lost its certificate a fresh token and restarts it if it is gone. */
  reenrol(instanceId: string, enrolment: Enrolment, options: CallOptions): Promise<void>;
  /** Agent and engine stopped and everything but data and logs removed: processes, cgroup, sockets, credentials. */
  stopGuest(instanceId: string, options: CallOptions): Promise<void>;
  /** Nothing left: processes, directory, user, cgroup. */
  destroy(instanceId: string, options: CallOptions): Promise<void>;
}
