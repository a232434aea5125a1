import type { InputIssue } from '../../kernel/input-issue.ts';
import type { ParameterSpec } from './parameters.ts';

export interface FlavorSize { vcpus: number; memoryMb: number }
/** `options` by the names of the manifest's `databaseOptions`, in the engine's own words; what is left out is as the engine has it. */
export interface DatabaseSpec { name: string; characterSet?: string | undefined; collation?: string | undefined; options?: readonly DatabaseOption[] | null | undefined }
export interface DatabaseOption { name: string; value: string }
export interface UserRef { name: string; host?: string | undefined; authDatabase?: string | undefined }
export interface UserSpec extends UserRef { password: string; grants: GrantSpec[] }
/** `privileges` in the engine's own words; empty means the engine's usual set for an application. `database` is null where the engine has none. */
export interface GrantSpec { database: string | null; privileges: string[] }
export interface EndpointSpec { role: 'PRIMARY' | 'REPLICA'; host: string; port: number; uri: string; tls: boolean }

/** What the user asks for, to be judged before anything changes. `path` of an issue is relative to the item. */
export type Proposal =
  | { kind: 'database'; track: string; database: DatabaseSpec }
  | { kind: 'database-ref'; track: string; name: string }
  | { kind: 'user'; track: string; user: Omit<UserSpec, 'password'> }
  | { kind: 'user-ref'; track: string; user: UserRef }
  | { kind: 'grant'; track: string; grant: GrantSpec }
  /** chosen for a user, new or not, or for root; its issues have an empty path and never repeat it */
  | { kind: 'password'; track: string; password: string };

export interface SizingInput { track: string; flavor: FlavorSize; volumeGb: number }

/**
 * Gateway side: decisions only, no I/O. Async with serialisable arguments and results, so that a third party's half can
 * run in a worker thread under a deadline.
 */
export interface ControlHalf {
  /** Issues with names, character sets, hosts, privileges, passwords; empty when the engine will accept it. */
  validate(proposal: Proposal): Promise<InputIssue[]>;
  /** Engine parameters that follow from the flavor and the volume (engine's own names and units). */
  size(input: SizingInput): Promise<Record<string, string>>;
  /** Where applications connect; URIs carry no password. `ports` by the names of the manifest. */
  endpoints(input: { host: string; ports: Record<string, number> }): Promise<EndpointSpec[]>;
  /** The catalogue of a track; goes with the guest half's group `configuration`: CONFIGURATION. */
  parameters?(input: { track: string }): Promise<readonly ParameterSpec[]>;
  /**
   * Issues with values that are right one by one and not together (a minimum above its maximum, more memory than the flavor
   * has); `path` is the parameter's name, and the message the end of a sentence that begins with it. `sizing` is what `size` answers, `parameters` the group's values, canonical.
   */
  checkParameters?(input: SizingInput & { sizing: Record<string, string>; parameters: Record<string, string> }): Promise<InputIssue[]>;
  /** Login name of the tenant's root account. */
  rootName: string;
}
