/** Everything about a createInstance input that can be judged before a row is written. */
import { randomBytes } from 'node:crypto';
import { CofferError, invalidInput, notFound, type InputIssue } from '../../../kernel/errors.ts';
import type { DatabaseOption, DatabaseSpec, GrantSpec } from '../../../strategies/spi/control.ts';
import type { ControlHost } from '../../plugins/control-host.ts';
import type { Catalogue, CreateInstanceInput, DatastoreDoc, FlavorDoc, VersionDoc, Viewer, VolumeTypeDoc } from '../api.ts';
import { autoscalingIssues } from './autoscaling.ts';
import { flavorsFor } from '../catalogue/flavors-for.ts';
import { nameIssues, passwordIssues, tagIssues } from '../names.ts';
import { identityKey, identityLabel, identityOf, type UserIdentity } from '../user-identity.ts';

export const limits = { volumeGb: { min: 1, max: 65_536 }, databases: 100, users: 100 } as const;

export interface NewUser extends UserIdentity { password: string; grants: GrantSpec[] }
export interface ValidCreate { version: VersionDoc; flavor: FlavorDoc; volumeType: VolumeTypeDoc; databases: DatabaseSpec[]; users: NewUser[] }

export const generatePassword = (): string => randomBytes(24).toString('base64url');

export async function validateCreate(viewer: Viewer, input: CreateInstanceInput, catalogue: Catalogue, control: ControlHost): Promise<ValidCreate> {
  const issues: InputIssue[] = [...nameIssues(['input', 'name'], input.name), ...tagIssues(['input', 'tags'], input.tags ?? [])];
  const version = pickVersion(catalogue, viewer, input.datastore, input.version ?? null);
  const flavor = catalogue.flavor(input.flavor);
  if (!flavor) throw notFound(`flavor ${input.flavor}`);
  const volumeType = catalogue.volumeType(input.volume.type ?? catalogue.volumeTypes()[0]!.name);
  if (!volumeType) throw notFound(`volume type ${input.volume.type}`);
  const { min, max } = limits.volumeGb;
  if (input.volume.sizeGb < min || input.volume.sizeGb > max) issues.push({ path: ['input', 'volume', 'sizeGb'], message: `must be ${min} to ${max}` });
  if (input.volume.autoscaling) issues.push(...autoscalingIssues(input.volume.autoscaling, input.volume.sizeGb, ['input', 'volume', 'autoscaling']));
  issues.push(...flavorIssues(catalogue, version, flavor));
  const databases = input.databases ?? [];
  const users = input.users ?? [];
  if (databases.length > 0) requireCapability(version, 'DATABASES');
  if (users.length > 0) requireCapability(version, 'USERS');
  issues.push(...await databaseIssues(control, version, databases, ['input', 'databases'], catalogue.manifest(version.datastore)?.databaseOptions));
  const named = new Set(databases.map((d) => d.name));
  issues.push(...await userIssues(control, version, users, ['input', 'users'], named));
  if (issues.length > 0) throw invalidInput(issues);
  return { version, flavor, volumeType, databases, users: users.map((u) => toNewUser(u, version, databases)) };
}

/** The version of a new instance. */
export function pickVersion(catalogue: Catalogue, viewer: Viewer, datastoreName: string, wanted: string | null): VersionDoc {
  if (wanted === null) {
    const version = catalogue.defaultVersion(viewer, findDatastore(catalogue, datastoreName).id);
    if (!version) throw notFound(`default version of ${datastoreName}`);
    return version;
  }
  const version = findVersion(catalogue, viewer, datastoreName, wanted);
  if (version.active) return version;
  const others = catalogue.versions(viewer, version.datastoreId, false).map((v) => v.name);
  throw new CofferError('PRECONDITION.STATE', `${version.datastore} ${version.name} takes no new instances: it is not active`, { remedy: others.length > 0 ? `Choose another: ${others.join(', ')}.` : null });
}

/** By name or id; one that the viewer does not see is missing. */
export function findVersion(catalogue: Catalogue, viewer: Viewer, datastoreName: string, wanted: string): VersionDoc {
  const version = catalogue.versions(viewer, findDatastore(catalogue, datastoreName).id, true).find((v) => v.name === wanted || v.id === wanted);
  if (!version) throw notFound(`version ${wanted} of ${datastoreName}`);
  return version;
}

function findDatastore(catalogue: Catalogue, name: string): DatastoreDoc {
  const datastore = catalogue.datastore(name);
  if (!datastore) throw notFound(`datastore ${name}`);
  return datastore;
}

/** Why it is none for instances of the version. */
export function flavorIssues(catalogue: Catalogue, version: VersionDoc, flavor: FlavorDoc): InputIssue[] {
  const path = ['input', 'flavor'];
  if (flavor.memoryMb < version.minMemoryMb) return [{ path, message: `${version.datastore} ${version.name} needs at least ${version.minMemoryMb} MB; ${flavor.name} has ${flavor.memoryMb}` }];
  const allowed = flavorsFor(catalogue, version);
  if (allowed.some(({ id }) => id === flavor.id)) return [];
  return [{ path, message: `${version.datastore} ${version.name} does not allow ${flavor.name}; ${allowed.length > 0 ? `it allows ${allowed.map(({ name }) => name).join(', ')}` : 'none of those it allows is big enough for it'}` }];
}

export function requireCapability(version: VersionDoc, capability: VersionDoc['capabilities'][number]): void {
  if (version.capabilities.includes(capability)) return;
  const why = version.absent.find((a) => a.capability === capability)?.reason;
  throw new CofferError('CAPABILITY.UNSUPPORTED', `${version.datastore} ${version.name} has no ${capability}${why ? `: ${why}` : ''}`, { details: { capability } });
}

export async function databaseIssues(control: ControlHost, version: VersionDoc, databases: readonly DatabaseSpec[], path: string[], known: Readonly<Record<string, string>> = {}): Promise<InputIssue[]> {
  const issues = tooMany(databases, limits.databases, path);
  issues.push(...duplicates(databases, path));
  for (const [i, database] of databases.slice(0, limits.databases).entries()) {
    issues.push(...at(optionIssues(database.options ?? [], known), [...path, String(i), 'options']));
    issues.push(...at(await control.call(version.datastore, 'validate', { kind: 'database', track: version.name, database }), [...path, String(i)]));
  }
  return issues;
}

function optionIssues(options: readonly DatabaseOption[], known: Readonly<Record<string, string>>): InputIssue[] {
  const names = Object.keys(known);
  const unknown = options.flatMap(({ name }, i) => (Object.hasOwn(known, name) ? [] : [{ path: [String(i), 'name'], message: `there is no option "${name}" here${names.length > 0 ? `: ${names.join(', ')}` : ''}` }]));
  return [...unknown, ...duplicates(options, [])];
}

type UserInput = NonNullable<CreateInstanceInput['users']>[number];

/** `known`: databases a user may be given here; null when they live in the engine and cannot be judged yet. */
export async function userIssues(control: ControlHost, version: VersionDoc, users: readonly UserInput[], path: string[], known: ReadonlySet<string> | null): Promise<InputIssue[]> {
  const issues = tooMany(users, limits.users, path);
  issues.push(...duplicates(users, path, identityKey, identityLabel));
  for (const [i, user] of users.slice(0, limits.users).entries()) {
    const own = [...path, String(i)];
    const grants = (user.databases ?? []).map((database) => ({ database, privileges: [] }));
    const judged = await control.call(version.datastore, 'validate', { kind: 'user', track: version.name, user: { name: user.name, host: user.host ?? undefined, authDatabase: user.authDatabase ?? undefined, grants } });
    issues.push(...at(judged.map(asGiven), own), ...(await chosenPasswordIssues(control, version, [...own, 'password'], user.password)));
    (user.databases ?? []).forEach((name, j) => {
      if (known && !known.has(name)) issues.push({ path: [...own, 'databases', String(j)], message: `"${name}" is not among the databases to create` });
    });
  }
  return issues;
}

/** People give names of databases; the engine's half is shown grants on them. */
const asGiven = ({ path, message }: InputIssue): InputIssue =>
  ({ path: path[0] === 'grants' && path[2] === 'database' ? ['databases', path[1]!] : path, message });

/** What Coffer asks of a chosen password, and then the engine. */
export async function chosenPasswordIssues(control: ControlHost, version: VersionDoc, path: string[], password: string | null | undefined): Promise<InputIssue[]> {
  if (password === null || password === undefined) return [];
  const issues = passwordIssues(path, password);
  if (issues.length > 0) return issues;
  const judged = await control.call(version.datastore, 'validate', { kind: 'password', track: version.name, password });
  // A plugin's words: nobody else's password may be in them.
  return at(judged, path).map((issue) => ({ ...issue, message: issue.message.replaceAll(password, '…') }));
}

/** A user created without naming databases gets all that are created with it, and where the engine has none, the usual set. */
export function toNewUser(user: UserInput, version: VersionDoc, databases: readonly DatabaseSpec[]): NewUser {
  const names: (string | null)[] = version.capabilities.includes('DATABASES') ? (user.databases ?? databases.map((d) => d.name)) : [null];
  return { ...identityOf(user), password: user.password ?? generatePassword(), grants: names.map((database) => ({ database, privileges: [] })) };
}

const at = (issues: readonly InputIssue[], path: string[]): InputIssue[] => issues.map((i) => ({ path: [...path, ...i.path], message: i.message }));
const tooMany = (items: readonly unknown[], most: number, path: string[]): InputIssue[] => (items.length > most ? [{ path, message: `at most ${most} at once` }] : []);

function duplicates<Item extends { name: string }>(items: readonly Item[], path: string[], keyOf: (item: Item) => string = nameOf, labelOf: (item: Item) => string = nameOf): InputIssue[] {
  const seen = new Set<string>();
  return items.flatMap((item, i) => {
    const key = keyOf(item);
    if (!seen.has(key)) { seen.add(key); return []; }
    return [{ path: [...path, String(i), 'name'], message: `"${labelOf(item)}" is given twice` }];
  });
}
const nameOf = ({ name }: { name: string }): string => name;
