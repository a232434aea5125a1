/**
 * What can be said about a plugin without its engine, in seconds: manifest, names, and a control half that only computes.
 * The questions are asked by the kit in a process without rights, and by the tests of this repository in their own.
 */
import { oldestMinor, withStandingClaims } from '../configuration-claim.ts';
import { capabilities, type Capability } from '../spi/capability.ts';
import type { Proposal } from '../spi/control.ts';
import type { DatastorePlugin } from '../spi/datastore.ts';
import { capabilitiesOf, type GuestHalf } from '../spi/guest.ts';
import { additionProblems, answeredFields } from '../graphql-additions.ts';
import { manifestProblems, upgradeProblems } from '../manifest-problems.ts';
import { controlAnswerProblem } from '../control-answers.ts';
import { catalogueProblems } from './catalogue.ts';
import type { ConformanceFixture } from './fixture.ts';

export interface StaticSubject {
  plugin: DatastorePlugin;
  samples: Pick<ConformanceFixture['samples'], 'databases' | 'awkwardNames' | 'awkwardDatabaseNames' | 'systemNames'>;
  /** by the groups that the guest half has */
  implemented: readonly Capability[];
  /** by the names that its handlers of the API have */
  answered: { fields: readonly string[]; actions: readonly string[] };
}

export const subjectOf = (plugin: DatastorePlugin, guest: GuestHalf, samples: StaticSubject['samples']): StaticSubject => ({
  plugin: withStandingClaims(plugin), samples, implemented: capabilitiesOf(guest),
  answered: { fields: Object.keys(guest.graphql?.fields ?? {}), actions: Object.keys(guest.graphql?.actions ?? {}) },
});

/** A warning is no failure: the plugin works, and could say more of itself. */
export interface Finding { level: 'problem' | 'warning'; text: string }
export interface StaticCheck { capability: Capability | 'CONTRACT' | 'API'; rule: string; find(subject: StaticSubject): Promise<Finding[]> }

const problem = (text: string): Finding => ({ level: 'problem', text });
const hasUsers = ({ plugin }: StaticSubject): boolean => plugin.manifest.capabilities.includes('USERS');
const hasDatabases = ({ plugin }: StaticSubject): boolean => plugin.manifest.capabilities.includes('DATABASES');

export const staticChecks: readonly StaticCheck[] = [
  { capability: 'CONTRACT', rule: 'the manifest is complete and fits the contract', find: async ({ plugin }) => manifestProblems(plugin.manifest).map(problem) },
  { capability: 'CONTRACT', rule: 'the manifest is plain data', find: async ({ plugin }) => (isPlain(plugin.manifest) ? [] : [problem('manifest holds functions, dates or other things that are no data')]) },
  { capability: 'CONTRACT', rule: 'the connect command has no password among its arguments', find: async ({ plugin }) => (plugin.manifest.connect.args.join(' ').includes('{password}') ? [problem('manifest.connect.args must not hold {password}')] : []) },
  { capability: 'API', rule: 'what is added to the API fits its rules and is answered', find: additionFindings },
  ...capabilities.map(declarationOf),
  { capability: 'CONTRACT', rule: 'an endpoint is of a declared port, without a password in its URI', find: endpointFindings },
  { capability: 'CONTRACT', rule: 'every flavor from the smallest has a size in texts', find: sizeFindings },
  { capability: 'CONFIGURATION', rule: 'every track has a catalogue of parameters that fits the contract, and no group is right', find: catalogueFindings },
  { capability: 'UPGRADE', rule: 'upgradesTo names other tracks of the plugin, and goes with UPGRADE', find: async ({ plugin }) => upgradeProblems(plugin.manifest).map(problem) },
  { capability: 'CONTRACT', rule: 'every proposal is answered with issues that say field and remedy, whatever the text', find: oddFindings },
  { capability: 'USERS', rule: 'awkward names of users are accepted', find: async (subject) => (hasUsers(subject) ? refusals(subject, subject.samples.awkwardNames, (track, name) => ({ kind: 'user', track, user: { name, grants: [] } })) : []) },
  { capability: 'DATABASES', rule: 'awkward names of databases are accepted', find: async (subject) => (hasDatabases(subject) ? refusals(subject, subject.samples.awkwardDatabaseNames ?? subject.samples.awkwardNames, (track, name) => ({ kind: 'database', track, database: { name } })) : []) },
  { capability: 'USERS', rule: 'names of the system are refused', find: systemFindings },
];

/** Minors of the contract: who works with an earlier one need not say why there is none. */
const knownSince: Partial<Record<Capability, number>> = { RESIZE: 4, UPGRADE: 4 };

/** Claimed without its group: the claim is false. There without its claim: nobody will ever use it. */
function declarationOf(capability: Capability): StaticCheck {
  return {
    capability, rule: `${capability} is claimed exactly if it is there, and its absence has a reason`,
    async find({ plugin: { manifest }, implemented }) {
      const [isClaimed, isThere] = [manifest.capabilities.includes(capability), implemented.includes(capability)];
      if (isClaimed && !isThere) return [problem(`manifest.capabilities claims ${capability}, and the guest half has no such group`)];
      if (!isClaimed && isThere) return [{ level: 'warning', text: `the guest half has ${capability} and the manifest does not claim it: nobody can use it` }];
      if (oldestMinor(manifest.apiVersion) < (knownSince[capability] ?? 0)) return [];
      return isClaimed || manifest.absent?.[capability] ? [] : [problem(`manifest.absent must say why there is no ${capability}`)];
    },
  };
}

async function additionFindings({ plugin: { manifest }, answered }: StaticSubject): Promise<Finding[]> {
  const problems = additionProblems(manifest);
  if (problems.length > 0) return problems.map(problem);
  const promised = { fields: answeredFields(manifest), actions: Object.keys(manifest.graphql?.actions ?? {}) };
  return (['fields', 'actions'] as const).flatMap((kind) => [
    ...promised[kind].filter((name) => !answered[kind].includes(name)).map((name) => problem(`the guest half has no graphql.${kind}.${name}`)),
    ...answered[kind].filter((name) => !promised[kind].includes(name)).map((name): Finding => ({ level: 'warning', text: `the guest half has graphql.${kind}.${name} and manifest.graphql does not: nobody can ask for it` })),
  ]);
}

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)
  || (Array.isArray(value) ? value.every(isPlain) : typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.values(value as object).every(isPlain));

const host = 'db.example';
const somePorts = ({ manifest }: DatastorePlugin): Record<string, number> => Object.fromEntries(manifest.ports.map((port, index) => [port.name, 20_001 + index]));

async function endpointFindings({ plugin }: StaticSubject): Promise<Finding[]> {
  const ports = somePorts(plugin);
  const endpoints = await plugin.control.endpoints({ host, ports });
  const wrong = controlAnswerProblem('endpoints', endpoints);
  if (wrong) return [problem(wrong)];
  if (endpoints.length === 0) return [problem('control.endpoints answers none')];
  return endpoints.flatMap((endpoint) => {
    if (!Object.values(ports).includes(endpoint.port)) return [problem(`the endpoint has port ${endpoint.port}, which no declared port has`)];
    if (endpoint.host !== host || !endpoint.tls) return [problem('the endpoint must have the given host, and TLS')];
    return URL.canParse(endpoint.uri) && new URL(endpoint.uri).password === '' ? [] : [problem(`${endpoint.uri} must be a URI without a password`)];
  });
}

async function sizeFindings({ plugin: { manifest, control } }: StaticSubject): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name: track, minMemoryMb } of manifest.tracks) {
    for (const memoryMb of [minMemoryMb, 512, 1024, 4096, 65_536].filter((size) => size >= minMemoryMb)) {
      const wrong = controlAnswerProblem('size', await control.size({ track, flavor: { vcpus: 1, memoryMb }, volumeGb: 1 }));
      if (wrong) found.push(problem(`${track} with ${memoryMb} MB: ${wrong}`));
    }
  }
  return found;
}

/** At most so many of a track are told: a mistake in how they are made is in all of them. */
const mostOfTrack = 5;
async function catalogueFindings({ plugin: { manifest, control } }: StaticSubject): Promise<Finding[]> {
  if (!manifest.capabilities.includes('CONFIGURATION')) return [];
  if (!control.parameters) return [problem('control.parameters must answer the catalogue of a track')];
  const found: Finding[] = [];
  for (const { name: track, minMemoryMb } of manifest.tracks) {
    const catalogue = await control.parameters({ track });
    const wrong = controlAnswerProblem('parameters', catalogue);
    found.push(...(wrong ? [wrong] : catalogueProblems(catalogue).slice(0, mostOfTrack)).map((text) => problem(`${track}: ${text}`)));
    const size = { track, flavor: { vcpus: 1, memoryMb: minMemoryMb }, volumeGb: 1 };
    const issues = (await control.checkParameters?.({ ...size, sizing: await control.size(size), parameters: {} })) ?? [];
    found.push(...issues.map(({ path, message }) => problem(`${track}: checkParameters finds fault with no group at all: ${path.join('.')} ${message}`)));
  }
  return found;
}

const longText = 'x'.repeat(10_000);
/** What people, programs and attackers send. Whether they are accepted is the engine's matter; that they are answered is not. */
const oddTexts = ['', ' ', '\0', '\ud800', '../../etc/passwd', "'; drop table users; --", '{}', longText];

function proposalsOf(track: string, name: string): Proposal[] {
  return [
    { kind: 'database', track, database: { name } }, { kind: 'database', track, database: { name: 'fine', characterSet: name, collation: name } }, { kind: 'database-ref', track, name },
    { kind: 'user', track, user: { name, grants: [] } }, { kind: 'user', track, user: { name: 'fine', host: name, grants: [] } }, { kind: 'user-ref', track, user: { name } },
    { kind: 'grant', track, grant: { database: null, privileges: [name] } }, { kind: 'grant', track, grant: { database: name, privileges: [] } }, { kind: 'password', track, password: name },
  ];
}

async function oddFindings({ plugin: { manifest, control } }: StaticSubject): Promise<Finding[]> {
  const found = new Set<string>();
  for (const proposal of manifest.tracks.flatMap(({ name: track }) => oddTexts.flatMap((text) => proposalsOf(track, text)))) {
    const wrong = await control.validate(proposal).then((answer) => controlAnswerProblem('validate', answer), (error: unknown) => `it threw ${String(error)}`);
    if (wrong) found.add(`a proposal of kind ${proposal.kind}: ${wrong}`);
  }
  return [...found].map(problem);
}

async function refusals({ plugin: { manifest, control } }: StaticSubject, names: readonly string[], ask: (track: string, name: string) => Proposal): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name: track } of manifest.tracks) {
    for (const name of names) {
      const issues = await control.validate(ask(track, name));
      if (issues.length > 0) found.push(problem(`${JSON.stringify(name)} is refused: ${issues.map(({ message }) => message).join('; ')}`));
    }
  }
  return found;
}

async function systemFindings(subject: StaticSubject): Promise<Finding[]> {
  if (!hasUsers(subject)) return [];
  const { manifest, control } = subject.plugin;
  const found: Finding[] = [];
  for (const { name: track } of manifest.tracks) {
    for (const name of subject.samples.systemNames) {
      if ((await control.validate({ kind: 'user', track, user: { name, grants: [] } })).length === 0) found.push(problem(`${JSON.stringify(name)} is accepted as a new user`));
      if ((await control.validate({ kind: 'user-ref', track, user: { name } })).length === 0) found.push(problem(`${JSON.stringify(name)} is accepted as a user to change`));
    }
  }
  return found;
}

/** What a control half says to everything that is asked here: two runs must answer alike. */
export async function answersOf({ plugin, samples }: StaticSubject): Promise<string[]> {
  const { manifest, control } = plugin;
  const answers: unknown[] = [control.rootName, await control.endpoints({ host, ports: somePorts(plugin) })];
  for (const { name: track, minMemoryMb } of manifest.tracks) {
    answers.push(await control.size({ track, flavor: { vcpus: 2, memoryMb: minMemoryMb }, volumeGb: 3 }));
    for (const text of [...samples.awkwardNames, ...samples.systemNames, ...oddTexts]) {
      for (const proposal of proposalsOf(track, text)) answers.push(await control.validate(proposal).catch((error: unknown) => String(error)));
    }
  }
  return answers.map((answer) => JSON.stringify(answer));
}
