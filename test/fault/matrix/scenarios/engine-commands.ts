/** What is asked of the engine itself: users, root, databases. */
import { expect } from 'vitest';
import { show } from '../../../support/actions.ts';
import { eventually, type Place } from '../checks.ts';
import type { EngineUnderTest, Target } from '../engines.ts';
import { done, engineAction, freshName, mutate, type Scenario } from './scenario.ts';

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
  const prepare = (world: Place, target: Target): Promise<void> => done(world, target, create.begin);
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
    prepare: (world, target) => done(world, target, enable.begin),
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
    prepare: (world, target) => done(world, target, create.begin),
    begin: (world, target) => mutate(world, engineAction('deleteDatabase'), { instanceId: target.id, name: userOf(target) }),
    check: async (world, target) => { expect(await timesListed(world, target, 'databases', userOf(target))).toBe(0); },
  })];
}

export const engineCommandScenarios = (engine: EngineUnderTest): Scenario[] => [...userScenarios(engine), ...rootScenarios(engine), ...(engine.hasDatabases ? databaseScenarios() : [])];
