/**
 * What the kit drives: the guest half of a plugin in a process of its own, next to a real engine. The kit knows only this
 * interface, so the process behind it may be a small one made for tests or a real agent reached over the network.
 */
import type { DatabaseSpec, FlavorSize, GrantSpec, UserRef, UserSpec } from '../spi/control.ts';
import type { ConfigureResult, DatabaseInfo, Finding, GraphqlArguments, GuestPaths, NamedBuild, NextSize, Probe, UserInfo } from '../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../spi/parameters.ts';

/** Every method of a guest half by its path, with what it takes and what it answers. */
export interface GuestCalls {
  initialise: { args: []; result: void };
  start: { args: []; result: void };
  stop: { args: [mode: 'orderly' | 'immediate']; result: void };
  probe: { args: []; result: Probe };
  configure: { args: []; result: ConfigureResult };
  repair: { args: []; result: void };
  'tls.rotate': { args: []; result: void };
  'databases.list': { args: []; result: DatabaseInfo[] };
  'databases.create': { args: [database: DatabaseSpec]; result: void };
  'databases.delete': { args: [name: string]; result: void };
  'users.list': { args: []; result: UserInfo[] };
  'users.create': { args: [user: UserSpec]; result: void };
  'users.update': { args: [user: UserRef, change: { name?: string; host?: string; password?: string }]; result: void };
  'users.delete': { args: [user: UserRef]; result: void };
  'grants.grant': { args: [user: UserRef, grants: GrantSpec[]]; result: void };
  'grants.revoke': { args: [user: UserRef, databases: (string | null)[]]; result: void };
  'root.enable': { args: [password: string]; result: { name: string } };
  'root.disable': { args: []; result: void };
  'root.isEnabled': { args: []; result: boolean };
  'configuration.describe': { args: []; result: ParameterSpec[] };
  'configuration.read': { args: []; result: LiveParameter[] };
  'resize.check': { args: [to: NextSize]; result: Finding[] };
  'upgrade.check': { args: [to: NamedBuild]; result: Finding[] };
  'upgrade.run': { args: [from: NamedBuild]; result: void };
  'upgrade.finish': { args: [from: NamedBuild]; result: void };
  [field: `graphql.fields.${string}`]: { args: [args: GraphqlArguments]; result: unknown };
  [action: `graphql.actions.${string}`]: { args: [args: GraphqlArguments]; result: void };
}
export type GuestMethod = keyof GuestCalls;
export type GuestArgs<M extends GuestMethod> = GuestCalls[M]['args'];
export type GuestResult<M extends GuestMethod> = GuestCalls[M]['result'];

/** When to kill the process in the middle of a call: after a time, or at the n-th use of its grip on the engine (from 1). */
export type KillPoint = { afterMs: number } | { atHandleCall: number };

export interface CallOptions {
  /** a repeat after a crash carries the id of the first attempt; fresh when left out */
  operationId?: string;
  /** the method's deadline; a minute when left out */
  timeoutMs?: number;
}

/** What stays the same while the process behind the harness comes and goes. */
export interface HarnessFacts {
  track: string;
  version: string;
  /** where clients connect */
  host: string;
  /** what the engine binds to */
  bind: string;
  ports: Record<string, number>;
  paths: GuestPaths;
  /** PEM, and a file that holds it */
  caCertificate: string;
  caFile: string;
  managementSecret: string;
  isolated: boolean;
  /** what the volume holds where the harness could limit it, else null */
  volumeBytes: number | null;
}

/** What only some groups of tests need of their harness. */
export interface HarnessOptions {
  /** a volume that is really this small, where the machine allows one to be made */
  volumeBytes?: number;
}

export interface GuestHarness {
  readonly facts: HarnessFacts;
  /**
   * Runs one method. What it throws arrives as a `GuestFault` with its code; anything else as an `Error`. Also an `Error`:
   * a secret among the arguments of a process, and progress told without end.
   */
  call<M extends GuestMethod>(method: M, args: GuestArgs<M>, options?: CallOptions): Promise<GuestResult<M>>;
  /** Runs one method and kills its process (SIGKILL) at the point. The engine goes on. Tells whether the method was quicker. */
  callAndKill<M extends GuestMethod>(method: M, args: GuestArgs<M>, at: KillPoint, options?: CallOptions): Promise<{ finished: boolean }>;
  /** How often the latest finished call used its grip on the engine. */
  handleCalls(): number;
  /** The engine's main process and every process below it. */
  enginePids(): Promise<number[]>;
  /** Every process of the instance that lives, whoever its parent is by now; the guest half's own is none. */
  processes(): Promise<number[]>;
  /** Signals the engine's main process. Resolves, for SIGKILL, when it is gone. */
  signalEngine(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Puts a fresh certificate and key where the engine looks for them. Answers its serial number in upper-case hex. */
  issueCertificate(): Promise<{ serialNumber: string }>;
  /** As if the gateway had sized the instance anew: later calls see it. */
  resize(flavor: FlavorSize, sizing: Record<string, string>): void;
  /** Values of a configuration group, canonical, for the calls that follow; whole, so `{}` detaches. */
  tune(parameters: Record<string, string>): void;
  /** The build of a track that is here; for the present one that which runs. */
  build(track: string): Promise<NamedBuild>;
  /** As compute does it with a stopped engine: the process behind the harness is of that build from now on. `facts` stay those of before. */
  changeBuild(build: NamedBuild): Promise<void>;
  /** A copy of the data of a stopped engine, as the agent keeps one. */
  keepData(): Promise<void>;
  /** The data are as they were kept, and nothing of the instance runs, as the agent sees to it. */
  putDataBack(): Promise<void>;
  /** Everything ended and removed. */
  dispose(): Promise<void>;
}
