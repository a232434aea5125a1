/**
 * The use cases, as GraphQL sees them. Every method checks the policy (`caller`), throws `CofferError` for expected
 * refusals (nothing has happened then) and never leaks that a foreign project's thing exists: foreign = missing.
 */
import type { InputIssue } from '../../kernel/errors.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import type { DatabaseOption, DatabaseSpec, GrantSpec, UserRef } from '../../strategies/spi/control.ts';
import type { Finding } from '../../strategies/spi/guest.ts';
import type { Manifest } from '../../strategies/spi/manifest.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import type { OperationView } from '../operations/workflow.ts';
import type { AttachmentDoc, ConfigurationDoc, RevisionDoc } from './configuration/document.ts';
import type { LiveDifference } from './configuration/diff.ts';
import type { EffectiveParameter } from './configuration/effective.ts';
import type { StoredValue } from './configuration/values.ts';
import type { InstanceDoc, VolumeAutoscaling } from './instance/document.ts';
import type { UpgradeCheck, UpgradeEstimate } from './upgrade/judge.ts';
import type { UserIdentity } from './user-identity.ts';

export type Role = 'OPERATOR' | 'OWNER' | 'EDITOR' | 'VIEWER';
/** Who calls, and from where: made once a request from the bearer token. */
export interface Caller {
  tokenId: string; tokenName: string; role: Role;
  /** null: an operator, who sees every project */
  projectId: string | null;
  /** "token:<name>" as events show it */
  actor: string;
  clientAddress: string | null; requestId: string;
  expiresAt: string | null;
}

export interface Page { first?: number | null | undefined; after?: string | null | undefined; last?: number | null | undefined; before?: string | null | undefined }
/** cursor of a row is opaque to callers and made by the domain */
export interface Connection<T> { totalCount: number; edges: { cursor: string; node: T }[]; hasNextPage: boolean; hasPreviousPage: boolean }
export type Lookup = { id: string } | { name: { name: string; projectId?: string | null | undefined } };

export interface FlavorDoc { id: string; name: string; vcpus: number; memoryMb: number }
export interface VolumeTypeDoc { id: string; name: string; description: string }
export interface DatastoreDoc { id: string; name: string; title: string; description: string; plugin: PluginDoc }
export interface PluginDoc { name: string; version: string; apiVersion: string; maturity: string; maturityReason: string | null; origin: string; state: 'READY' | 'DISABLED'; problem: string | null }
export type Visibility = 'PUBLIC' | 'PRIVATE';
export interface VersionDoc {
  id: string; name: string; datastoreId: string; datastore: string; active: boolean; deprecated: boolean; endOfLife: string | null;
  capabilities: readonly Capability[]; absent: { capability: string; reason: string }[]; minMemoryMb: number;
  visibility: Visibility;
  /** who sees a private one, besides operators */
  projectIds: readonly string[];
  /** what new instances may have; null: whichever it works in */
  flavorIds: readonly string[] | null;
  revision: number;
}
/** Whom a part of the catalogue is shown to. */
export type Viewer = Pick<Caller, 'role' | 'projectId'>;
/** Held in memory (it changes only by operators' acts): synchronous. */
export interface Catalogue {
  datastores(): DatastoreDoc[];
  datastore(nameOrId: string): DatastoreDoc | undefined;
  /** Those that the viewer sees: a private version of another project is missing. */
  versions(viewer: Viewer, datastoreId: string, includeInactive: boolean): VersionDoc[];
  version(viewer: Viewer, id: string): VersionDoc | undefined;
  /** What a new instance of the viewer gets when it names no version. */
  defaultVersion(viewer: Viewer, datastoreId: string): VersionDoc | undefined;
  /** Of an instance that is there: whoever may see it, and also when it was deleted since. */
  instanceVersion(id: string): VersionDoc | undefined;
  flavors(): FlavorDoc[];
  flavor(idOrName: string): FlavorDoc | undefined;
  /** Of an instance that is there, also when it was deleted since. */
  instanceFlavor(id: string): FlavorDoc | undefined;
  /** those that some host offers, the usual one first */
  volumeTypes(): VolumeTypeDoc[];
  /** also one that no host offers */
  volumeType(idOrName: string): VolumeTypeDoc | undefined;
  manifest(datastore: string): Manifest | undefined;
  /** plugins that were refused at boot have no datastore; they are told here */
  plugins(): PluginDoc[];
}
export interface UpdateVersionInput {
  datastoreVersionId: string;
  /** refused when it is no longer the newest */
  revision?: number | null | undefined;
  active?: boolean | null | undefined;
  /** null: what the plugin says */
  deprecated?: boolean | null | undefined;
  visibility?: Visibility | null | undefined;
  /** ids; all of them */
  projects?: string[] | null | undefined;
  /** names or ids; null: whichever it works in */
  flavors?: string[] | null | undefined;
}
/** Operators alone; done when answered, and from then on at every gateway for whatever is created. */
export interface CatalogueChanges {
  /** a version of the plugin that was deleted here */
  registerVersion(caller: Caller, input: { datastore: string; version: string; active?: boolean | null | undefined }): Promise<VersionDoc>;
  updateVersion(caller: Caller, input: UpdateVersionInput): Promise<VersionDoc>;
  /** refused while it has instances; answers it as it was */
  deleteVersion(caller: Caller, id: string): Promise<VersionDoc>;
  setDefaultVersion(caller: Caller, id: string): Promise<DatastoreDoc>;
  createFlavor(caller: Caller, input: { name: string; vcpus: number; memoryMb: number }): Promise<FlavorDoc>;
  /** refused while instances or versions name it; answers it as it was */
  deleteFlavor(caller: Caller, id: string): Promise<FlavorDoc>;
}
export interface EngineBuildDoc { id: string; version: string; source: string; installedAt: string; binDir: string }
/** `builds`: null while no compute role answers. */
export interface EngineSourceDoc { kinds: string[]; builds: EngineBuildDoc[] | null }

export interface InstanceFilter {
  projectId?: string | null | undefined; name?: string | null | undefined; status?: string[] | null | undefined;
  datastore?: string | null | undefined; tag?: { key: string; value?: string | null | undefined } | null | undefined;
  /** operators only */
  includeDeleted?: boolean | null | undefined;
}
export interface InstanceOrder { field: 'CREATED_AT' | 'NAME'; direction: 'ASC' | 'DESC' }
export interface CreateInstanceInput {
  projectId?: string | null | undefined; name: string; datastore: string; version?: string | null | undefined; flavor: string;
  volume: { sizeGb: number; type?: string | null | undefined; autoscaling?: VolumeAutoscaling | null | undefined };
  databases?: DatabaseSpec[] | null | undefined;
  users?: { name: string; password?: string | null | undefined; host?: string | null | undefined; authDatabase?: string | null | undefined; databases?: string[] | null | undefined }[] | null | undefined;
  configurationId?: string | null | undefined; zone?: string | null | undefined; deletionProtection?: boolean | null | undefined; tags?: { key: string; value: string }[] | null | undefined;
  idempotencyKey?: string | null | undefined;
}
export interface UserCredentials extends UserIdentity { password: string | null }
export interface Accepted { instance: InstanceDoc; operation: OperationView }
export interface ItemResult extends UserIdentity { fault: { code: string; message: string } | null }
export interface EngineActed extends Accepted { results: ItemResult[] }

/** `configuration`: required where the instance has a group and the version is another one; empty: its values are taken along. */
export interface UpgradeInput {
  instanceId: string; version: string; dryRun?: boolean | null | undefined;
  configuration?: { configurationId?: string | null | undefined; drop?: string[] | null | undefined; set?: ConfigurationValueInput[] | null | undefined } | null | undefined;
}
/** `findings`: null while a check still runs, or when it failed. `estimate`: of a check. */
export interface UpgradeAnswer extends Accepted { findings: Finding[] | null; estimate: UpgradeEstimate | null }

export interface RolloutUpgradeInput { datastore: string; version: string; waveSize?: number | null | undefined; canary?: number | null | undefined }

export interface Instances {
  list(caller: Caller, page: Page, filter: InstanceFilter, order: InstanceOrder): Promise<Connection<InstanceDoc>>;
  find(caller: Caller, by: Lookup): Promise<InstanceDoc | null>;
  /** for `nodes(ids:)` and nested fields: one statement, order kept, null for what cannot be seen */
  findMany(caller: Caller, ids: readonly string[]): Promise<(InstanceDoc | null)[]>;
  create(caller: Caller, input: CreateInstanceInput): Promise<Accepted & { userCredentials: UserCredentials[] }>;
  update(caller: Caller, input: { instanceId: string; revision?: number | null | undefined; name?: string | null | undefined; tags?: { key: string; value: string }[] | null | undefined; deletionProtection?: boolean | null | undefined; maintenance?: InstanceDoc['maintenance'] | undefined; /** null: it does not grow by itself any more */ volumeAutoscaling?: VolumeAutoscaling | null | undefined }): Promise<InstanceDoc>;
  /** Volumes grow; they do not shrink. */
  resizeVolume(caller: Caller, input: { instanceId: string; sizeGb: number }): Promise<Accepted>;
  start(caller: Caller, instanceId: string): Promise<Accepted>;
  stop(caller: Caller, instanceId: string): Promise<Accepted>;
  restart(caller: Caller, instanceId: string): Promise<Accepted>;
  /** by name or id of the flavor */
  resize(caller: Caller, input: { instanceId: string; flavor: string }): Promise<Accepted>;
  delete(caller: Caller, input: { instanceId: string; force?: boolean | null | undefined }): Promise<Accepted>;
  reset(caller: Caller, instanceId: string): Promise<Accepted>;
  /** to another version, or with its own name to the newest build of it; `dryRun` asks the engine and changes nothing */
  upgrade(caller: Caller, input: UpgradeInput): Promise<UpgradeAnswer>;
  /** operators: the newest build of a version for all its instances, a few first and then in waves */
  rolloutUpgrade(caller: Caller, input: RolloutUpgradeInput): Promise<OperationView>;
  /** id of a build of its version that is installed and newer than its own */
  newerBuild(instance: InstanceDoc): Promise<string | null>;
  ping(caller: Caller, instanceId: string): Promise<{ instance: InstanceDoc; agentRoundTripMs: number; engineRoundTripMs: number | null; engineState: string; detail: string | null }>;
}

/** Statements of one MVCC snapshot, as the event feed gives them (`gateway/events/feed.ts`). */
export type SnapshotReader = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
/**
 * What subscriptions need besides the event feed: the present, read by the feed's own runner so that it joins the
 * events that follow without gap or repeat, and the filters of the lists for a single document (pure).
 * Policy as everywhere: what is foreign is missing.
 */
export interface Live {
  instance(caller: Caller, id: string, read: SnapshotReader): Promise<InstanceDoc | null>;
  /** all that match, by id; at most `limit` */
  instances(caller: Caller, filter: InstanceFilter, limit: number, read: SnapshotReader): Promise<InstanceDoc[]>;
  operation(caller: Caller, id: string, read: SnapshotReader): Promise<OperationView | null>;
  instanceMatches(caller: Caller, filter: InstanceFilter, doc: InstanceDoc): boolean;
  eventMatches(caller: Caller, filter: EventFilter, event: EventDoc): boolean;
}

export interface DatabaseLive { name: string; characterSet: string | null; collation: string | null; sizeBytes: number | null; options?: DatabaseOption[] }
export interface EngineObjects {
  listDatabases(caller: Caller, instanceId: string): Promise<DatabaseLive[]>;
  listUsers(caller: Caller, instanceId: string): Promise<(UserRef & { grants: GrantSpec[] })[]>;
  createDatabases(caller: Caller, input: { instanceId: string; databases: DatabaseSpec[]; idempotencyKey?: string | null | undefined }): Promise<EngineActed>;
  deleteDatabase(caller: Caller, input: { instanceId: string; name: string }): Promise<EngineActed>;
  createUsers(caller: Caller, input: { instanceId: string; users: NonNullable<CreateInstanceInput['users']>; idempotencyKey?: string | null | undefined }): Promise<EngineActed & { userCredentials: UserCredentials[] }>;
  updateUser(caller: Caller, input: { instanceId: string; user: UserRef; name?: string | null | undefined; host?: string | null | undefined; password?: string | null | undefined }): Promise<EngineActed>;
  deleteUser(caller: Caller, input: { instanceId: string; user: UserRef }): Promise<EngineActed>;
  grant(caller: Caller, input: { instanceId: string; user: UserRef; grants: { database?: string | null | undefined; privileges?: string[] | null | undefined }[] }): Promise<EngineActed>;
  revoke(caller: Caller, input: { instanceId: string; user: UserRef; databases: (string | null)[] }): Promise<EngineActed>;
  enableRoot(caller: Caller, input: { instanceId: string; password?: string | null | undefined }): Promise<EngineActed & { credentials: UserCredentials | null }>;
  disableRoot(caller: Caller, instanceId: string): Promise<EngineActed>;
  /** what a plugin adds to the API: a field, answered as the plugin did */
  readPluginField(caller: Caller, input: { instanceId: string; datastore: string; field: string; args: object }): Promise<unknown>;
  /** and an action; refused on an instance of another datastore */
  runPluginAction(caller: Caller, input: { instanceId: string; datastore: string; action: string; args: object; idempotencyKey?: string | null | undefined }): Promise<EngineActed>;
}

export interface ConfigurationValueInput { name: string; value?: unknown }
export interface ConfigurationFilter { projectId?: string | null | undefined; name?: string | null | undefined; datastore?: string | null | undefined }
/** How a change of a group comes to its instances: left out, at once and one instance after the other. */
export interface RolloutInput {
  configurationId: string;
  /** refused when it is no longer the newest */
  revision?: number | null | undefined;
  apply?: boolean | null | undefined;
  waveSize?: number | null | undefined;
}
/** `operation` is null when no instance has anything to do. */
export interface ChangedConfiguration { configuration: ConfigurationDoc; operation: OperationView | null }
export type ConfigurationDiffTarget = { configurationId: string } | { revision: number } | { instanceId: string };
export interface EvaluatedFlavor { flavor: FlavorDoc; volumeGb: number; parameters: { name: string; value: string }[]; issues: InputIssue[] }
export interface Configurations {
  list(caller: Caller, page: Page, filter: ConfigurationFilter): Promise<Connection<ConfigurationDoc>>;
  find(caller: Caller, by: Lookup): Promise<ConfigurationDoc | null>;
  findMany(caller: Caller, ids: readonly string[]): Promise<(ConfigurationDoc | null)[]>;
  /** of a group that was found for the caller */
  attachments(configurationId: string, page: Page): Promise<Connection<AttachmentDoc>>;
  history(configuration: ConfigurationDoc, page: Page): Promise<Connection<RevisionDoc>>;
  diff(caller: Caller, configuration: ConfigurationDoc, to: ConfigurationDiffTarget): Promise<LiveDifference[]>;
  /** read from the engine, now; with where each value comes from */
  effectiveParameters(caller: Caller, instanceId: string, search: string | null): Promise<EffectiveParameter[]>;
  /** what a person should know of a kept value; null: nothing, or the version has no catalogue now */
  warning(version: { datastore: string; track: string }, value: StoredValue): Promise<string | null>;
  validate(caller: Caller, input: { datastore: string; version: string; values: ConfigurationValueInput[]; flavors?: string[] | null | undefined; volumeGb?: number | null | undefined }): Promise<{ values: StoredValue[]; evaluations: EvaluatedFlavor[] }>;
  create(caller: Caller, input: { projectId?: string | null | undefined; name: string; description?: string | null | undefined; datastore: string; version: string; values: ConfigurationValueInput[] }): Promise<ConfigurationDoc>;
  clone(caller: Caller, input: { name: string; description?: string | null | undefined; configurationId?: string | null | undefined; revision?: number | null | undefined; instanceId?: string | null | undefined }): Promise<ConfigurationDoc>;
  patch(caller: Caller, input: RolloutInput & { set?: ConfigurationValueInput[] | null | undefined; unset?: string[] | null | undefined }): Promise<ChangedConfiguration>;
  replace(caller: Caller, input: RolloutInput & { name?: string | null | undefined; description?: string | null | undefined; values?: ConfigurationValueInput[] | null | undefined }): Promise<ChangedConfiguration>;
  /** what a revision had becomes the newest one */
  restore(caller: Caller, input: Omit<RolloutInput, 'revision'> & { revision: number }): Promise<ChangedConfiguration>;
  /** Instances that the group's latest rollout reached get the revision they had before; the group's newest one stays. */
  revertRollout(caller: Caller, input: { operationId: string; waveSize?: number | null | undefined }): Promise<ChangedConfiguration>;
  /** refused while instances have it; answers it as it was */
  delete(caller: Caller, id: string): Promise<ConfigurationDoc>;
  /** `replace`: take the place of the one that is attached */
  attach(caller: Caller, input: { configurationId: string; instanceId: string; replace?: boolean | null | undefined }): Promise<Accepted>;
  detach(caller: Caller, input: { instanceId: string }): Promise<Accepted>;
}

export interface OperationFilter { subjectId?: string | null | undefined; projectId?: string | null | undefined; state?: string[] | null | undefined; kind?: string | null | undefined; parentId?: string | null | undefined }
export interface OperationsApi {
  list(caller: Caller, page: Page, filter: OperationFilter): Promise<Connection<OperationView>>;
  find(caller: Caller, id: string): Promise<OperationView | null>;
  findMany(caller: Caller, ids: readonly string[]): Promise<(OperationView | null)[]>;
  /** of one that was found for the caller: how long it took the engine from its clients; null where that was not measured */
  interruptionMs(operationId: string): Promise<number | null>;
  /** of one that was found for the caller: what the check of an upgrade answered; null until it has */
  upgradeCheck(operationId: string): Promise<UpgradeCheck | null>;
  cancel(caller: Caller, operationId: string): Promise<OperationView>;
  retry(caller: Caller, operationId: string): Promise<OperationView>;
}

export interface EventDoc {
  id: string; cursor: string; at: string; type: string; phase: 'START' | 'PROGRESS' | 'END' | 'ERROR' | 'INFO'; actor: string;
  clientAddress: string | null; requestId: string | null; subject: string; project: string | null; operation: string | null; data: unknown;
}
export interface EventFilter { subject?: string | null | undefined; projectId?: string | null | undefined; type?: string | null | undefined; operationId?: string | null | undefined }

export interface ProjectDoc { id: string; name: string; createdAt: string }
export interface TokenDoc { id: string; name: string; role: Role; projectId: string | null; createdBy: string; createdAt: string; expiresAt: string | null; revokedAt: string | null }
export interface Access {
  /** null for an unknown, expired or revoked token; cached briefly, dropped at once on revocation (event) */
  authenticate(token: string, clientAddress: string | null, requestId: string): Promise<Caller | null>;
  projects(caller: Caller, page: Page): Promise<Connection<ProjectDoc>>;
  project(caller: Caller, idOrName: string): Promise<ProjectDoc | null>;
  /** for nested fields: one statement, order kept, null for what cannot be seen */
  findProjects(caller: Caller, ids: readonly string[]): Promise<(ProjectDoc | null)[]>;
  createProject(caller: Caller, name: string): Promise<ProjectDoc>;
  /** refused while it has instances */
  deleteProject(caller: Caller, id: string): Promise<ProjectDoc>;
  tokens(caller: Caller, projectId: string, page: Page): Promise<Connection<TokenDoc>>;
  createToken(caller: Caller, input: { projectId?: string | null | undefined; name: string; role: Role; expiresAt?: string | null | undefined }): Promise<{ token: TokenDoc; secret: string }>;
  revokeToken(caller: Caller, tokenId: string): Promise<TokenDoc>;
}

export interface SystemDoc {
  version: string; generation: number;
  gateways: { id: string; address: string; roles: string[]; seenAt: string }[];
  hosts: { id: string; name: string; region: string; zone: string; facts: unknown; seenAt: string }[];
  agents: { connected: number; known: number };
  operations: { pending: number; running: number };
}

/** `refresh`: ask the source for a newer build although one is installed. */
export interface InstallEngineInput { datastore: string; version: string; refresh?: boolean | null | undefined }

export interface Domain {
  catalogue: Catalogue;
  catalogueChanges: CatalogueChanges;
  engineSource(versionId: string): Promise<EngineSourceDoc>;
  /** what can be set in the engine's configuration, by name; UNSUPPORTED where the version has no CONFIGURATION */
  parameters(version: VersionDoc): Promise<ReadonlyMap<string, ParameterSpec>>;
  /** operators: fetch a track's binaries ahead; an operation of the host */
  installEngine(caller: Caller, input: InstallEngineInput): Promise<OperationView>;
  instances: Instances;
  live: Live;
  engine: EngineObjects;
  configurations: Configurations;
  operations: OperationsApi;
  access: Access;
  events: { list(caller: Caller, page: Page, filter: EventFilter): Promise<Connection<EventDoc>> };
  system(caller: Caller): Promise<SystemDoc>;
}
