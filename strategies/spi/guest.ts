import type { Log } from '../../kernel/log.ts';
import type { Capability } from './capability.ts';
import type { DatabaseOption, DatabaseSpec, FlavorSize, GrantSpec, UserRef, UserSpec } from './control.ts';
import type { LiveParameter, ParameterSpec } from './parameters.ts';

/** Absolute paths inside `instances/<id>/`. Only `data` lies on the volume. */
export interface GuestPaths {
  /** engine data: a subdirectory of the volume's mount; made by `initialise`, owned by the engine */
  data: string;
  /** configuration files of the engine; they hold no secret: what does lies in `data`, mode 0600 */
  config: string;
  /** unix sockets; only the agent and the engine may enter. Short enough for a socket path. */
  run: string;
  /** what the engine prints; rotated by the agent */
  logs: string;
  /** certificate, key and CA of the engine: see `TlsFiles` */
  tls: string;
  /** the build's prefix and its binaries */
  prefix: string;
  bin: string;
}
export interface TlsFiles { certificate: string; key: string; ca: string }

/** A program the engine runs as (initdb, a dump tool): run as the engine's own user, killed at the deadline. */
export interface ToolSpec {
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  /** secrets go here, never into an argument */
  stdin?: string;
  timeoutMs: number;
}
export interface ToolResult { exitCode: number; stdout: string; stderr: string }

/** The long-running engine process itself. */
export interface EngineSpec { command: string; args: readonly string[]; env?: Record<string, string>; cwd?: string; /** file name in `paths.logs` that takes stdout and stderr */ logFile: string }
export interface EngineExit { code: number | null; signal: string | null; at: string }

/** The agent's grip on the engine. It survives a restart of the agent: a running engine is adopted by pid and start time. */
export interface EngineHandle {
  /** Starts the engine, or adopts the one that already runs for this instance. */
  start(spec: EngineSpec): Promise<{ pid: number; adopted: boolean }>;
  /** pid while it runs, else null. */
  pid(): number | null;
  signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGKILL'): Promise<void>;
  /** Resolves when the engine is gone (at once when none runs). */
  exited(signal: AbortSignal): Promise<EngineExit>;
  run(tool: ToolSpec): Promise<ToolResult>;
  /** Every process of this instance's engine user except the agent (left over from a crash) is killed. */
  killLeftovers(): Promise<void>;
  /** Last lines of what the engine has said since it was started, for faults: nothing of earlier starts. */
  logTail(lines: number): Promise<string[]>;
  /** Makes files or folders the engine's own (owner and mode); a no-op where agent and engine are one user. */
  own(path: string, mode: number): Promise<void>;
}

export interface GuestContext {
  instanceId: string;
  track: string;
  /** exact version of the build, e.g. "17.6" */
  version: string;
  flavor: FlavorSize;
  volumeGb: number;
  paths: GuestPaths;
  tls: TlsFiles;
  /** `bind` may be an IPv6 address or a wildcard; `management` ports are bound to 127.0.0.1 all the same. `ports` by the names of the manifest */
  network: { bind: string; advertise: string; ports: Record<string, number> };
  /** parameters from `ControlHalf.size`, by the engine's names */
  sizing: Record<string, string>;
  /** values of the instance's configuration group, canonical, by the engine's names; they win over sizing and lose to what Coffer owns */
  parameters: Record<string, string>;
  /** random secret of the management account */
  managementSecret: string;
  /** name of the operating system user the agent appears as to the engine, for peer authentication */
  agentUser: string;
  /** false where agent and engine are one user (ordinary-user installations): peer authentication then proves only that user */
  isolated: boolean;
  engine: EngineHandle;
  log: Log;
  /** aborted on cancel and at the deadline */
  signal: AbortSignal;
  deadline: Date;
  operationId: string;
  progress(fraction: number, message: string): void;
}

/** `hung`: the process lives and does not answer. A full connection table is `ok` with a detail, not `down`. */
export type ProbeState = 'ok' | 'starting' | 'down' | 'hung';
export interface Probe { state: ProbeState; detail: string | null; version: string | null; managementLost: boolean }

export interface DatabaseInfo { name: string; characterSet: string | null; collation: string | null; sizeBytes: number | null; /** as they are now; left out where the engine has none */ options?: DatabaseOption[] }
export interface UserInfo extends UserRef { grants: GrantSpec[] }
export interface ConfigureResult { changed: boolean; /** parameters that wait for a restart */ restartRequired: string[] }

/** What a check found. ERROR: it will not be done. WARNING: it can be, and a person should know. */
export interface Finding { severity: 'ERROR' | 'WARNING'; /** what it is about, in the engine's words: a database, an extension; null: the instance */ subject: string | null; /** what is wrong and what to do about it; no secret */ message: string }

/** The size an engine is to be brought to, and what it would be configured with then: as `sizing` and `parameters` of the context. */
export interface NextSize { flavor: FlavorSize; volumeGb: number; sizing: Readonly<Record<string, string>>; parameters: Readonly<Record<string, string>> }

/** A build that the engine is brought from or to, beside the one of the context; on this host, and never changed. */
export interface NamedBuild { track: string; version: string; prefix: string; bin: string }

/**
 * Agent side: effects. Every method is idempotent as observed: called twice, or again after a crash half way, it ends in
 * the same state. Failures are thrown as `GuestFault`; a message may reach the user and holds no secret.
 */
export interface GuestHalf {
  /** Makes `paths.data` from nothing: no network, authentication on. Unfinished work of an earlier call is discarded and redone. */
  initialise(ctx: GuestContext): Promise<void>;
  /** Engine up and answering its management connection. Listens on the network only with authentication and TLS on. */
  start(ctx: GuestContext): Promise<void>;
  /** Orderly stop; `immediate` may cost recovery time at the next start but never data. */
  stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void>;
  /** Cheap; over a reserved connection. Must not throw for an unwell engine. */
  probe(ctx: GuestContext): Promise<Probe>;
  /**
   * Renders the engine's files, a pure function of build, sizing, parameters and owned values, and applies live what can be. REFUSED names the
   * parameter that the engine does not take; the agent then calls again with the values from before. Works on a stopped engine too.
   */
  configure(ctx: GuestContext): Promise<ConfigureResult>;
  /** Repairs management access (offline when it must). Ends with the engine running, so that a repeat after a crash ends alike. */
  repair(ctx: GuestContext): Promise<void>;
  tls?: {
    /** New files lie at `ctx.tls`: load them without dropping connected clients. */
    rotate(ctx: GuestContext): Promise<void>;
  };
  databases?: {
    list(ctx: GuestContext): Promise<DatabaseInfo[]>;
    create(ctx: GuestContext, database: DatabaseSpec): Promise<void>;
    delete(ctx: GuestContext, name: string): Promise<void>;
  };
  users?: {
    list(ctx: GuestContext): Promise<UserInfo[]>;
    create(ctx: GuestContext, user: UserSpec): Promise<void>;
    update(ctx: GuestContext, user: UserRef, change: { name?: string | undefined; host?: string | undefined; password?: string | undefined }): Promise<void>;
    delete(ctx: GuestContext, user: UserRef): Promise<void>;
  };
  grants?: {
    grant(ctx: GuestContext, user: UserRef, grants: GrantSpec[]): Promise<void>;
    revoke(ctx: GuestContext, user: UserRef, databases: (string | null)[]): Promise<void>;
  };
  root?: {
    enable(ctx: GuestContext, password: string): Promise<{ name: string }>;
    disable(ctx: GuestContext): Promise<void>;
    /** read from the engine, now */
    isEnabled(ctx: GuestContext): Promise<boolean>;
  };
  configuration?: {
    /** What the running engine tells of its own parameters. Asked when the catalogue of a track is made and tested, never for a user. */
    describe(ctx: GuestContext): Promise<ParameterSpec[]>;
    /** Every parameter of the catalogue that the engine has, as it is now. */
    read(ctx: GuestContext): Promise<LiveParameter[]>;
  };
  resize?: {
    /**
     * Asked of the running engine before anything changes: why it cannot work in that size. That the flavor is above the track's
     * smallest and the group's values fit has been looked at. What changes then is `configure`d, with a restart where it asks for one.
     */
    check(ctx: GuestContext, to: NextSize): Promise<Finding[]>;
  };
  upgrade?: {
    /** Asked of the running engine, with the build it would be brought to on this host. Changes nothing; what it makes for the purpose it removes. */
    check(ctx: GuestContext, to: NamedBuild): Promise<Finding[]>;
    /**
     * The engine is stopped and `ctx` is of the new build. `paths.data` holds what the former one left, to be brought to the new format; there is
     * an independent copy elsewhere, from which the data are put back before this is called again and when it fails. Ends with the engine stopped.
     * Files of `paths.config` are written by `configure` afterwards.
     */
    run(ctx: GuestContext, from: NamedBuild): Promise<void>;
    /** The upgraded engine runs: what can only be done now (statistics, indexes whose collation changed). */
    finish(ctx: GuestContext, from: NamedBuild): Promise<void>;
  };
  /** Handlers of the manifest's `graphql`, by the names of fields and actions. Arguments have been checked against the SDL. */
  graphql?: {
    /** Reads from the engine, now. What it answers is data as the SDL has it, at most 64 KiB as JSON, its lists at most 100 items long. */
    fields?: Readonly<Record<string, (ctx: GuestContext, args: GraphqlArguments) => Promise<unknown>>>;
    /** Idempotent as every method is: a repeat after a crash has the same operation id. */
    actions?: Readonly<Record<string, (ctx: GuestContext, args: GraphqlArguments) => Promise<void>>>;
  };
}
/** Plain data; what was left out is not there. */
export type GraphqlArguments = Readonly<Record<string, unknown>>;

/** code: RETRYABLE means the same call may succeed later (engine starting); EXISTS/MISSING/REFUSED are final answers about one item. */
export type GuestFaultCode = 'RETRYABLE' | 'EXISTS' | 'MISSING' | 'REFUSED' | 'FAILED_TO_START' | 'FAILED';
export class GuestFault extends Error {
  override readonly name = 'GuestFault';
  readonly code: GuestFaultCode;
  constructor(code: GuestFaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
  /** A plugin may come with its own copy of the contract: whoever made a fault, it is known by its name. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'GuestFault';
  }
}

/**
 * What a plugin may be asked for: what its manifest claims. Up to contract 1.2 CONFIGURATION was claimed for `configure`
 * alone; without the group it counts as not claimed.
 */
export const grantedCapabilities = (claimed: readonly Capability[], guest: Pick<GuestHalf, 'configuration'>): Capability[] =>
  claimed.filter((one) => one !== 'CONFIGURATION' || guest.configuration !== undefined).sort();

/** The capabilities a guest half really has: derived from the groups that exist, never declared. */
export function capabilitiesOf(guest: GuestHalf): Capability[] {
  const found: Capability[] = [];
  if (guest.configuration) found.push('CONFIGURATION');
  if (guest.databases) found.push('DATABASES');
  if (guest.users) found.push('USERS');
  if (guest.grants) found.push('GRANTS');
  if (guest.root) found.push('ROOT');
  if (guest.tls) found.push('TLS');
  if (guest.resize) found.push('RESIZE');
  if (guest.upgrade) found.push('UPGRADE');
  return found.sort();
}
