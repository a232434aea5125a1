import type { Capability } from './capability.ts';
import type { EngineSourceSpec } from './engine-source.ts';

/**
 * The contract version plugins are written against: a major breaks, a minor adds.
 * 1.1: artefacts in a Debian source, ports for management, data in memory alone, faults known by name.
 * 1.2: additions to the GraphQL API.
 * 1.3: configuration groups; CONFIGURATION is the capability of the group `configuration`.
 * 1.4: resize and upgrade: the groups `resize` and `upgrade`, `upgradesTo` of a track.
 */
export const spiVersion = '1.4';

/** The static half of a plugin: pure data, validated by the registry at boot. */
export interface Manifest {
  /** the datastore's name in the API: lower-case letters, digits, dashes */
  id: string;
  title: string;
  description: string;
  /** of the plugin itself (semver) */
  version: string;
  /** semver range of `spiVersion` this plugin works with, e.g. "^1.0" */
  apiVersion: string;
  maturity: 'EXPERIMENTAL' | 'TECHNICAL_PREVIEW' | 'STABLE';
  /** why it is not further, for people who choose; shown beside the maturity */
  maturityReason?: string;
  /** exactly what the guest half implements; a mismatch is refused by the agent at load */
  capabilities: readonly Capability[];
  /** why a capability users may expect is absent, by capability */
  absent?: Partial<Record<Capability, string>>;
  /** the sockets the engine listens on; the conformance kit compares every open port with these */
  ports: readonly PortSpec[];
  tracks: readonly TrackSpec[];
  connect: ConnectSpec;
  /** what may be said about a database besides its name, character set and collation: a description by its name. Others are refused. */
  databaseOptions?: Readonly<Record<string, string>>;
  /** whether users, roles and passwords live in replicated data or on each node */
  accounts: 'replicated' | 'per-node';
  /** what sessions that are open keep because the engine cannot end them, each with the reason; they end where nothing is said */
  openSessions?: { outliveNewPassword?: string };
  /** why what users store is gone when the engine stops, for one that keeps it in memory alone (accounts stay); data stay where nothing is said */
  volatileData?: string;
  timeouts: GuestTimeouts;
  /** what the datastore adds to the API */
  graphql?: GraphqlAdditions;
}

/**
 * Additions to the GraphQL API, under the plugin's namespace alone: its id in the forms of GraphQL, `my-engine` as
 * `MyEngine` and `myEngine`. The gateway serves them with its own policy and limits: reading needs the role that reads
 * from engines, an action the one that changes them. Handlers are in `GuestHalf.graphql`.
 */
export interface GraphqlAdditions {
  /**
   * Objects, inputs and enums, each with a name that begins with the namespace. The object that is named just like it is
   * what an instance has more: `instance(id: …) { myEngine { … } }`. Each of its fields is read from the engine by the
   * handler of its name, is nullable (an engine may be silent) and may have arguments; fields of other objects have none.
   */
  sdl: string;
  /** `purge` is the mutation `myEnginePurge(input: { instanceId, … })`, an operation on the instance; answered by the handler of its name. */
  actions?: Readonly<Record<string, ActionSpec>>;
}
export interface ActionSpec {
  description: string;
  /** the input object of the SDL that holds what else is asked, as `arguments`; kept with the operation, so without secrets. None when left out. */
  arguments?: string;
}

export interface PortSpec {
  name: string;
  /** `management` is for the agent alone and is bound to loopback whatever the instance's bind address is */
  purpose: 'client' | 'peer' | 'management';
  /** `none` for management alone: it stays on loopback and asks for a login */
  tls: 'required' | 'none';
}

/** A version as users name it ("17"). Builds of a track are exact package sets. */
export interface TrackSpec {
  name: string;
  /** exactly one track of a plugin is the default */
  default?: boolean;
  deprecated?: boolean;
  /** RFC 3339 date */
  endOfLife?: string;
  /** tried in this order */
  sources: readonly EngineSourceSpec[];
  /** the smallest flavor the engine works in */
  minMemoryMb: number;
  /** tracks that data of this one can be brought to in one step; goes with the group `upgrade`. A new build of the same track needs no mention. */
  upgradesTo?: readonly string[];
}

/**
 * How a person connects with the stock client. `{host}`, `{port}`, `{user}`, `{authDatabase}`, `{database}`, `{caFile}` are
 * replaced, and `{file:name}` by the path of one of `files`.
 */
export interface ConnectSpec {
  command: string;
  /** how a person gets the command, as one they can type; told to who does not have it */
  install?: string;
  args: readonly string[];
  /** `{password}` may be used here and in files: never in an argument */
  environment: Readonly<Record<string, string>>;
  /** text by a name without slashes, for clients that read a password from a file only; each is there, for its owner alone, as long as the client runs */
  files?: Readonly<Record<string, string>>;
  /** database used when the person names none */
  defaultDatabase?: string;
  /** where users belong to a database: the one that a user logs in at whose own is not known */
  defaultAuthDatabase?: string;
}

/**
 * Milliseconds; honoured as declared or refused at load (at most one hour each). `statementMs` is for `configure` and for
 * one item of an optional group, a restart included where the method needs one.
 */
export interface GuestTimeouts { initialiseMs: number; startMs: number; stopMs: number; probeMs: number; statementMs: number }
