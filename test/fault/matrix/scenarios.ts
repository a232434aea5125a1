/** Every kind of operation: how it is asked for, and what must be seen of it exactly once in the end. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { agentPid, finish, type OperationNow, show } from '../../support/actions.ts';
import { action, CREATE, DELETE, WATCH_OPERATION } from '../../support/documents.ts';
import { eventually, expectGone, expectNothingHeld, expectNothingRuns, expectRunning, expectRunningSoon, expectStopped, type Place } from './checks.ts';
import { lookIntoStore } from '../../support/store-look.ts';
import type { EngineUnderTest, Parameter, Sized, Target } from './engines.ts';

export interface Begun { operationId: string; requestId: string | null; payload: any }
export interface Scenario {
  name: string;
  /** of the operation */
  kind: string;
  /** what it works on, what it leaves: a running instance, a stopped one, or nothing */
  takes: 'running' | 'stopped' | 'nothing';
  leaves: 'running' | 'stopped' | 'nothing';
  ends: 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  /** A variant of another: in the suite only what that one does not pass is killed, and the end. */
  isVariant?: true;
  prepare?(world: Place, target: Target): Promise<void>;
  begin(world: Place, target: Target): Promise<Begun>;
  check(world: Place, target: Target, operation: OperationNow): Promise<void>;
}

export async function mutate(world: Place, document: string, input: Record<string, unknown>): Promise<Begun> {
  const { body, requestId } = await world.coffer.client.raw(document, { input });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  const [payload] = Object.values<any>(body.data);
  if (!payload.__typename.endsWith('Payload')) throw new Error(`refused: ${JSON.stringify(payload)}`);
  return { operationId: payload.operation.id, requestId, payload };
}

const engineAction = (name: string, more = 'results { name error { code message } }'): string => {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation Act($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Payload { operation { id state } ${more} } ... on Error { code message } } }`;
};

let serial = 0;
export const freshName = (prefix: string): string => `${prefix}-${(serial += 1)}`;

export async function beginCreate(world: Place, target: Target, change: Record<string, unknown> = {}): Promise<Begun> {
  const { engine } = target;
  const begun = await mutate(world, CREATE, { name: target.name, datastore: engine.datastore, version: engine.version, flavor: 'micro', volume: { sizeGb: 1 }, ...engine.input, ...change });
  target.id = begun.payload.instance.id;
  for (const { name, password } of begun.payload.userCredentials) target.passwords[name] = password;
  return begun;
}

const lifecycle = (verb: 'start' | 'stop' | 'restart' | 'reset', more: Partial<Scenario> = {}): Scenario => ({
  name: `instance.${verb}`, kind: `instance.${verb}`, takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, action(`${verb}Instance`), { instanceId: target.id }),
  check: expectRunning,
  ...more,
});
export const stopScenario = lifecycle('stop', { leaves: 'stopped', check: expectStopped });

const CANCEL = 'mutation($input: CancelOperationInput!) { cancelOperation(input: $input) { __typename ... on CancelOperationPayload { operation { id } } ... on Error { code message } } }';
const stepShownMs = 4_000;

/** The agent is deaf until the cancel is accepted, so that the step is in its middle and what it asked for is half done. */
async function whileDeaf(world: Place, target: Target, begin: Scenario['begin'], step: string): Promise<Begun> {
  const agent = await agentPid(target.id);
  const tell = (signal: 'SIGSTOP' | 'SIGCONT'): void => { try { process.kill(agent, signal); } catch { /* it was killed */ } };
  tell('SIGSTOP');
  try {
    const begun = await begin(world, target);
    await world.coffer.client.watch<any>(WATCH_OPERATION, { id: begun.operationId }, (item) => item.operation.operation.step === step, stepShownMs).catch(() => {});
    await mutate(world, CANCEL, { operationId: begun.operationId });
    return begun;
  } finally {
    tell('SIGCONT');
  }
}
const cancelled = (verb: 'start' | 'stop' | 'restart' | 'reset', more: Partial<Scenario>, command: string = verb): Scenario => lifecycle(verb, {
  name: `instance.${verb}, cancelled`, ends: 'CANCELLED', isVariant: true,
  begin: (world, target) => whileDeaf(world, target, (_world, one) => mutate(world, action(`${verb}Instance`), { instanceId: one.id }), command),
  ...more,
});

async function done(world: Place, target: Target, scenario: Scenario): Promise<void> {
  const { operationId } = await scenario.begin(world, target);
  expect((await finish(world.coffer.client, operationId)).state).toBe('SUCCEEDED');
}

/** It comes back by itself; the next operation has its turn when nothing of the one that was called off goes on. */
async function wellAgain(world: Place, target: Target): Promise<void> {
  await expectRunningSoon(world, target);
  await done(world, target, lifecycle('start'));
  await expectRunning(world, target);
}

const USERS = 'query($id: ID!) { instance(by: { id: $id }) { users(first: 100) { edges { node { name grants { database privileges } } } } } }';
const DATABASES = 'query($id: ID!) { instance(by: { id: $id }) { databases(first: 100) { edges { node { name } } } } }';
/** Read live: null while agent or engine are on their way back. */
async function listed(world: Place, target: Target, what: 'users' | 'databases'): Promise<any[]> {
  const seen = await eventually(() => world.coffer.client.query(what === 'users' ? USERS : DATABASES, { id: target.id }).catch(() => null), (answer) => Boolean(answer?.instance[what]), `the ${what} of ${target.id}`);
  return seen.instance[what].edges.map((edge: any) => edge.node);
}
const timesListed = async (world: Place, target: Target, what: 'users' | 'databases', name: string): Promise<number> => (await listed(world, target, what)).filter((one) => one.name === name).length;

const engineCommand = (name: string, more: Omit<Scenario, 'name' | 'kind' | 'takes' | 'leaves' | 'ends'>): Scenario =>
  ({ name, kind: 'engine.command', takes: 'running', leaves: 'running', ends: 'SUCCEEDED', ...more });
/** Another one: what the gateway does for it is the same, and what the agent does is its own. */
const furtherCommand = (...[name, more]: Parameters<typeof engineCommand>): Scenario => ({ ...engineCommand(name, more), isVariant: true });

/** The user of the running round: each round has one of its own on each target. */
const guestUser = new Map<string, string>();
const userOf = (target: Target): string => guestUser.get(target.id)!;

const createUsers = (engine: EngineUnderTest): Scenario => engineCommand('createDatabaseUsers', {
  async begin(world, target) {
    guestUser.set(target.id, freshName('guest').replace('-', '_'));
    const begun = await mutate(world, engineAction('createDatabaseUsers', 'results { name error { code message } } userCredentials { name password }'), {
      instanceId: target.id, users: [{ name: userOf(target), ...(engine.hasDatabases ? { databases: ['shop'] } : {}) }],
    });
    for (const { name, password } of begun.payload.userCredentials) target.passwords[name] = password;
    return begun;
  },
  async check(world, target) {
    expect(await timesListed(world, target, 'users', userOf(target))).toBe(1);
    expect(await engine.login(await show(world.coffer.client, target.id), userOf(target), target.passwords[userOf(target)]!)).toBe('in');
  },
});

function userScenarios(engine: EngineUnderTest): Scenario[] {
  const create = createUsers(engine);
  const prepare = (world: Place, target: Target): Promise<void> => done(world, target, create);
  const loginOf = async (world: Place, target: Target, user = userOf(target)): Promise<string> => engine.login(await show(world.coffer.client, target.id), user, target.passwords[user]!);
  return [
    create,
    furtherCommand('updateDatabaseUser', {
      prepare,
      begin(world, target) {
        target.passwords[userOf(target)] = `changed-${freshName('password')}`;
        return mutate(world, engineAction('updateDatabaseUser'), { instanceId: target.id, user: { name: userOf(target) }, password: target.passwords[userOf(target)] });
      },
      check: async (world, target) => { await listed(world, target, 'users'); expect(await loginOf(world, target)).toBe('in'); },
    }),
    furtherCommand('grantDatabases', {
      prepare,
      begin: (world, target) => mutate(world, engineAction('grantDatabases'), { instanceId: target.id, user: { name: userOf(target) }, grants: [engine.grant] }),
      async check(world, target) {
        const [user] = (await listed(world, target, 'users')).filter((one) => one.name === userOf(target));
        expect(user.grants.length).toBeGreaterThan(0);
      },
    }),
    furtherCommand('revokeDatabases', {
      prepare,
      begin: (world, target) => mutate(world, engineAction('revokeDatabases'), { instanceId: target.id, user: { name: userOf(target) }, databases: engine.hasDatabases ? ['shop'] : [] }),
      async check(world, target) {
        const [user] = (await listed(world, target, 'users')).filter((one) => one.name === userOf(target));
        expect(user.grants).toEqual([]);
      },
    }),
    furtherCommand('deleteDatabaseUser', {
      prepare,
      begin: (world, target) => mutate(world, engineAction('deleteDatabaseUser'), { instanceId: target.id, user: { name: userOf(target) } }),
      async check(world, target) {
        expect(await timesListed(world, target, 'users', userOf(target))).toBe(0);
        expect(await loginOf(world, target)).not.toBe('in');
      },
    }),
  ];
}

function rootScenarios(engine: EngineUnderTest): Scenario[] {
  const enable = furtherCommand('enableRoot', {
    async begin(world, target) {
      target.passwords['root'] = `root-${freshName('password')}`;
      return mutate(world, engineAction('enableRoot', 'credentials { name password }'), { instanceId: target.id, password: target.passwords['root'] });
    },
    async check(world, target) {
      await listed(world, target, 'users');
      const instance = await show(world.coffer.client, target.id);
      expect(instance.rootEnabledEver).toBe(true);
      expect(await engine.login(instance, 'root', target.passwords['root']!)).toBe('in');
    },
  });
  return [enable, furtherCommand('disableRoot', {
    prepare: (world, target) => done(world, target, enable),
    begin: (world, target) => mutate(world, engineAction('disableRoot'), { instanceId: target.id }),
    async check(world, target) {
      await listed(world, target, 'users');
      expect(await engine.login(await show(world.coffer.client, target.id), 'root', target.passwords['root']!)).not.toBe('in');
    },
  })];
}

function databaseScenarios(): Scenario[] {
  const create = furtherCommand('createDatabases', {
    begin(world, target) {
      guestUser.set(target.id, freshName('data').replace('-', '_'));
      return mutate(world, engineAction('createDatabases'), { instanceId: target.id, databases: [{ name: userOf(target) }] });
    },
    check: async (world, target) => { expect(await timesListed(world, target, 'databases', userOf(target))).toBe(1); },
  });
  return [create, furtherCommand('deleteDatabase', {
    prepare: (world, target) => done(world, target, create),
    begin: (world, target) => mutate(world, engineAction('deleteDatabase'), { instanceId: target.id, name: userOf(target) }),
    check: async (world, target) => { expect(await timesListed(world, target, 'databases', userOf(target))).toBe(0); },
  })];
}

export const createScenario: Scenario = { name: 'instance.create', kind: 'instance.create', takes: 'nothing', leaves: 'running', ends: 'SUCCEEDED', begin: beginCreate, check: expectRunning };
export const deleteScenario: Scenario = {
  name: 'instance.delete', kind: 'instance.delete', takes: 'running', leaves: 'nothing', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, DELETE, { instanceId: target.id }),
  check: (world, target) => expectGone(world, target.id),
};
/** The engine's programs do not work: everything is undone, the instance stays visible with what went wrong. */
export const failingCreate: Scenario = {
  name: 'instance.create of a broken engine', kind: 'instance.create', takes: 'nothing', leaves: 'nothing', ends: 'FAILED', isVariant: true,
  begin: (world, target) => beginCreate(world, target, { version: '7' }),
  async check(world, target, operation) {
    expect(operation.fault?.message).toMatch(/\w+ \w+/);
    await expectNothingRuns(world, target.id);
    const instance = await show(world.coffer.client, target.id);
    expect(instance).toMatchObject({ status: 'ERROR', task: null, fault: { code: operation.fault!.code } });
    await done(world, target, deleteScenario);
    await expectGone(world, target.id);
  },
};
const installEngine: Scenario = {
  name: 'engine.install', kind: 'engine.install', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, engineAction('installEngine', ''), { datastore: target.engine.datastore, version: target.engine.version }),
  check: (world, target) => expectNothingHeld(world, target.id),
};

const CREATE_GROUP = 'mutation($input: CreateConfigurationInput!) { createConfiguration(input: $input) { __typename ... on CreateConfigurationPayload { configuration { id } } ... on Error { message } } }';
const GROUP = 'query($id: ID!) { instance(by: { id: $id }) { configurationRevision configuration { id } effectiveParameters(search: "PARAMETER") { edges { node { name value } } } } }';
const CHILDREN = 'query($id: ID!) { node(id: $id) { ... on Operation { children { totalCount } } } }';
/** The group of each target, made once. */
const groups = new Map<string, string>();
async function groupOf(world: Place, target: Target): Promise<string> {
  const { datastore, version } = target.engine;
  const parameter = target.engine.parameter!;
  const known = groups.get(target.id);
  if (known) return known;
  const { createConfiguration } = await world.coffer.client.query(CREATE_GROUP, { input: { name: freshName('group'), datastore, version, values: [{ name: parameter.name, value: parameter.values[0] }] } });
  const { id } = createConfiguration.configuration;
  groups.set(target.id, id);
  return id;
}
/** The value that the engine itself tells. */
async function expectValue(world: Place, target: Target, value: string): Promise<void> {
  const { name } = target.engine.parameter!;
  await expectRunning(world, target);
  const seen = await eventually(() => world.coffer.client.query(GROUP.replace('PARAMETER', name), { id: target.id }).catch(() => null), (answer) => Boolean(answer?.instance.effectiveParameters), `the parameters of ${target.id}`);
  expect(seen.instance.effectiveParameters.edges.map(({ node }: any) => node)).toContainEqual({ name, value });
}
const configure = (name: string, more: Pick<Scenario, 'begin' | 'check'> & Partial<Scenario>): Scenario =>
  ({ name, kind: 'instance.configure', takes: 'running', leaves: 'running', ends: 'SUCCEEDED', ...more });

function configurationScenarios(engine: EngineUnderTest, { name, values: [first, second], usual, refused }: Parameter): Scenario[] {
  const attach = configure('attachConfiguration', {
    begin: async (world, target) => mutate(world, engineAction('attachConfiguration', ''), { configurationId: await groupOf(world, target), instanceId: target.id }),
    check: (world, target) => expectValue(world, target, first),
  });
  const detach = configure('detachConfiguration', {
    isVariant: true, prepare: (world, target) => done(world, target, attach),
    begin: (world, target) => mutate(world, engineAction('detachConfiguration', ''), { instanceId: target.id }),
    check: (world, target) => expectValue(world, target, usual),
  });
  const refuse = configure('attachConfiguration of what the engine refuses', {
    ends: 'FAILED', isVariant: true,
    async begin(world, target) {
      const { createConfiguration } = await world.coffer.client.query(CREATE_GROUP, { input: { name: freshName('group'), datastore: engine.datastore, version: engine.version, values: [refused, { name, value: second }] } });
      return mutate(world, engineAction('attachConfiguration', ''), { configurationId: createConfiguration.configuration.id, instanceId: target.id });
    },
    check: (world, target) => expectValue(world, target, usual),
  });
  const rollout: Scenario = {
    name: 'patchConfiguration', kind: 'configuration.rollout', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
    prepare: (world, target) => done(world, target, attach),
    begin: async (world, target) => mutate(world, engineAction('patchConfiguration', ''), { configurationId: await groupOf(world, target), set: [{ name, value: second }] }),
    async check(world, target) {
      await expectValue(world, target, second);
      groups.delete(target.id);
      await done(world, target, detach);
    },
  };
  const calledOff: Scenario = {
    ...rollout, name: 'patchConfiguration, cancelled', ends: 'CANCELLED', isVariant: true,
    /** The agent is deaf until the cancel is accepted: what has been begun is finished all the same. */
    async begin(world, target) {
      const agent = await agentPid(target.id);
      const tell = (signal: 'SIGSTOP' | 'SIGCONT'): void => { try { process.kill(agent, signal); } catch { /* it was killed */ } };
      tell('SIGSTOP');
      try {
        const begun = await rollout.begin(world, target);
        await eventually(() => world.coffer.client.query(CHILDREN, { id: begun.operationId }).catch(() => null), (answer) => answer?.node.children.totalCount === 1, 'the operation on the instance');
        await mutate(world, CANCEL, { operationId: begun.operationId });
        return begun;
      } finally {
        tell('SIGCONT');
      }
    },
  };
  return [attach, detach, refuse, rollout, calledOff];
}

const FLAVOR = 'query($id: ID!) { instance(by: { id: $id }) { flavor { name } } }';
const CREATE_FLAVOR = 'mutation($input: CreateFlavorInput!) { createFlavor(input: $input) { __typename } }';
function resizeScenarios(engine: EngineUnderTest, { larger, told, ask, unstartable }: Sized): Scenario[] {
  const flavors = ['micro', larger.name] as const;
  const begin = (at: 0 | 1) => async (world: Place, target: Target): Promise<Begun> => {
    // There from the first of them on.
    if (at === 1) await world.coffer.client.query(CREATE_FLAVOR, { input: larger });
    return mutate(world, engineAction('resizeInstance', ''), { instanceId: target.id, flavor: flavors[at] });
  };
  const expectFlavor = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    expect((await world.coffer.client.query(FLAVOR, { id: target.id })).instance.flavor.name).toBe(flavors[at]);
    expect(await lookIntoStore(world.coffer, 'select wanted_flavor_id from instance where id = $1', [target.id])).toEqual([{ wanted_flavor_id: null }]);
    const boot = JSON.parse(await readFile(join(world.coffer.home, 'instances', target.id, 'agent/boot.json'), 'utf8'));
    expect(boot.flavor.memoryMb).toBe([512, larger.memoryMb][at]);
  };
  const expectSize = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    await expectRunning(world, target);
    expect(await ask(await show(world.coffer.client, target.id), target.user, target.passwords[target.user]!)).toBe(told[at]);
    await expectFlavor(world, target, at);
  };
  const expectStoppedAt = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    await expectStopped(world, target);
    await expectFlavor(world, target, at);
  };
  const resize: Omit<Scenario, 'name' | 'begin' | 'check'> = { kind: 'instance.resize', takes: 'running', leaves: 'running', ends: 'SUCCEEDED' };
  const grow: Scenario = {
    ...resize, name: 'resizeInstance', begin: begin(1),
    async check(world, target) {
      await expectSize(world, target, 1);
      await quietly(world, target, begin(0));
    },
  };
  const shrink: Scenario = {
    ...resize, name: 'resizeInstance to a smaller flavor', isVariant: true, prepare: (world, target) => quietly(world, target, begin(1)), begin: begin(0), check: (world, target) => expectSize(world, target, 0),
  };
  /** Stopped, so that nothing waits for the agent before it is to change anything. */
  const calledOff: Scenario = {
    ...resize, name: 'resizeInstance, cancelled', takes: 'stopped', leaves: 'stopped', ends: 'CANCELLED', isVariant: true, begin: (world, target) => whileDeaf(world, target, begin(1), 'configure'),
    check: (world, target) => expectStoppedAt(world, target, 0),
  };
  /** Its engine runs for as long as it is asked. */
  const shrinkStopped: Scenario = {
    ...shrink, name: 'resizeInstance of a stopped one to a smaller flavor', takes: 'stopped', leaves: 'stopped',
    check: (world, target) => expectStoppedAt(world, target, 0),
  };
  const calledOffAwake: Scenario = {
    ...shrinkStopped, name: 'resizeInstance of a stopped one to a smaller flavor, cancelled while it is asked', ends: 'CANCELLED', begin: (world, target) => whileDeaf(world, target, begin(0), 'wake'),
    async check(world, target) {
      await expectStoppedAt(world, target, 1);
      await quietly(world, target, begin(0));
    },
  };
  if (!unstartable) return [grow, shrink, calledOff, shrinkStopped, calledOffAwake];
  const groupOfValues = async (world: Place, target: Target): Promise<Begun> => {
    const { createConfiguration } = await world.coffer.client.query(CREATE_GROUP, { input: { name: freshName('group'), datastore: engine.datastore, version: engine.version, values: [unstartable] } });
    return mutate(world, engineAction('attachConfiguration', ''), { configurationId: createConfiguration.configuration.id, instanceId: target.id });
  };
  const failing: Scenario = {
    ...resize, name: 'resizeInstance to a flavor on which the engine does not start', ends: 'FAILED', isVariant: true, prepare: (world, target) => quietly(world, target, groupOfValues), begin: begin(1),
    async check(world, target) {
      await expectSize(world, target, 0);
      await quietly(world, target, (one, { id }) => mutate(one, engineAction('detachConfiguration', ''), { instanceId: id }));
    },
  };
  return [grow, shrink, calledOff, shrinkStopped, calledOffAwake, failing];
}
/** Before or after what is disturbed. */
async function quietly(world: Place, target: Target, begin: Scenario['begin']): Promise<void> {
  const { operationId } = await begin(world, target);
  expect((await finish(world.coffer.client, operationId)).state).toBe('SUCCEEDED');
}
const VOLUME = 'query($id: ID!) { instance(by: { id: $id }) { volume { sizeGb } } }';
const sizeOf = async (world: Place, target: Target): Promise<number> => (await world.coffer.client.query(VOLUME, { id: target.id })).instance.volume.sizeGb;
/** What each target's volume is to have. */
const wantedGb = new Map<string, number>();
const growVolume: Scenario = {
  name: 'instance.grow-volume', kind: 'instance.grow-volume', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  async begin(world, target) {
    wantedGb.set(target.id, (await sizeOf(world, target)) + 1);
    return mutate(world, engineAction('resizeVolume', ''), { instanceId: target.id, sizeGb: wantedGb.get(target.id) });
  },
  async check(world, target) {
    await expectRunning(world, target);
    expect(await sizeOf(world, target)).toBe(wantedGb.get(target.id));
    const told = JSON.parse(await readFile(join(world.coffer.home, 'instances', target.id, 'agent/boot.json'), 'utf8')) as { volumeGb: number };
    expect(told.volumeGb).toBe(wantedGb.get(target.id));
  },
};

/** Of operations that change a running database. */
export const changeKinds: readonly string[] = ['instance.configure', 'configuration.rollout', 'instance.resize', 'instance.grow-volume'];

/** Upgrades take their time: test/full/upgrade. */
export const upgradeKinds: readonly string[] = ['instance.upgrade', 'instance.check-upgrade', 'version.rollout'];

/** Those on a running instance, in an order in which each finds what it needs. */
export const scenariosOf = (engine: EngineUnderTest): Scenario[] => [
  stopScenario,
  lifecycle('start', { takes: 'stopped' }),
  lifecycle('restart'), lifecycle('reset'),
  cancelled('stop', { check: wellAgain }),
  cancelled('start', { takes: 'stopped', leaves: 'stopped', check: expectStopped }),
  cancelled('restart', { check: wellAgain }),
  cancelled('reset', { check: wellAgain }, 'repair'),
  ...userScenarios(engine), ...rootScenarios(engine), ...(engine.hasDatabases ? databaseScenarios() : []), ...(engine.parameter ? configurationScenarios(engine, engine.parameter) : []), ...(engine.sized ? resizeScenarios(engine, engine.sized) : []), growVolume, installEngine,
];
