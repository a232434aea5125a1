/** Carries one command out by the plugin's methods. Whatever it throws is made a fault by the runner. */
import type { Finding, GuestContext, GuestHalf, NextSize } from '../../strategies/spi/guest.ts';
import type { Configurer } from '../configuration/configurer.ts';
import type { GrantSpec, UserRef as WireUserRef } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { DatabaseSpec, GrantSpec as SpiGrant, UserRef, UserSpec } from '../../strategies/spi/control.ts';
import type { Command, CommandOf } from './catalogue.ts';
import { handlerOf, parseArguments } from './plugin-handlers.ts';
import { type ItemFrame, type ItemLedger, runItems } from './items.ts';
import type { LifeCycle } from './life-cycle.ts';
import type { UpgradeRoom, Upgrading } from '../upgrade/upgrading.ts';

export interface Result { restartRequired: string[]; rootName: string; findings: Finding[]; upgradeRoom?: UpgradeRoom }
export const nothing: Result = { restartRequired: [], rootName: '', findings: [] };

export interface Execution {
  ctx: GuestContext;
  guest: GuestHalf;
  lifeCycle: LifeCycle;
  configurer: Configurer;
  upgrading: Upgrading;
  ledger: ItemLedger;
  frame: ItemFrame;
  /** an earlier run of this command was begun and did not succeed: what it was to remove may be gone by its doing */
  isRepeat: boolean;
}

export async function execute(command: Command, execution: Execution): Promise<Result> {
  const { ctx, guest, lifeCycle, configurer, upgrading } = execution;
  switch (command.$case) {
    case 'initialise': await lifeCycle.initialise(ctx, command.value); break;
    case 'configure': return { ...nothing, restartRequired: await configurer.apply(ctx, command.value) };
    case 'start': await lifeCycle.start(ctx); break;
    case 'stop': await lifeCycle.stop(ctx, command.value.immediate); break;
    case 'restart': await lifeCycle.restart(ctx); break;
    case 'repair':
      await configurer.ensureFiles(ctx);
      await guest.repair(ctx);
      break;
    case 'rotateCertificate': await lifeCycle.rotateCertificate(ctx); break;
    case 'createDatabases': await createDatabases(command.value, execution); break;
    case 'deleteDatabase': await gone(execution.isRepeat, group(guest.databases).delete(ctx, command.value.name)); break;
    case 'createUsers': await createUsers(command.value, execution); break;
    case 'updateUser': {
      const { user, newName, newHost, newPassword } = command.value;
      await group(guest.users).update(ctx, userRef(user), { name: newName, host: newHost, password: newPassword });
      break;
    }
    case 'deleteUser': await gone(execution.isRepeat, group(guest.users).delete(ctx, userRef(command.value.user))); break;
    case 'grant': await group(guest.grants).grant(ctx, userRef(command.value.user), command.value.grants.map(grantSpec)); break;
    case 'revoke': await group(guest.grants).revoke(ctx, userRef(command.value.user), command.value.databases.map((name) => (name === '' ? null : name))); break;
    case 'enableRoot': {
      const { name } = await group(guest.root).enable(ctx, command.value.password);
      return { ...nothing, rootName: name };
    }
    case 'disableRoot': await group(guest.root).disable(ctx); break;
    case 'pluginAction': await handlerOf(guest.graphql?.actions, command.value.name)(ctx, parseArguments(command.value.argumentsJson)); break;
    case 'checkResize': return { ...nothing, findings: await group(guest.resize).check(ctx, nextSize(command.value)) };
    case 'checkUpgrade': return { ...nothing, ...(await upgrading.check(ctx, command.value)) };
    case 'keepData': await upgrading.keep(ctx); break;
    case 'runUpgrade': await upgrading.run(ctx, command.value, execution.isRepeat); break;
    case 'finishUpgrade': await upgrading.finish(ctx, command.value); break;
    case 'revertUpgrade': await upgrading.revert(ctx, command.value); break;
    case 'dropKept': await upgrading.drop(ctx); break;
    default: return unknownCommand(command);
  }
  return nothing;
}

/** Capabilities were checked before; this is for the compiler and for the reader. */
function group<T>(found: T | undefined): T {
  if (!found) throw new Error('The capability of this command is absent');
  return found;
}
function unknownCommand(command: never): never {
  throw new Error(`Unknown command ${(command as Command).$case}`);
}

async function createDatabases({ databases }: CommandOf<'createDatabases'>, { ctx, guest, ledger, frame }: Execution): Promise<void> {
  const methods = group(guest.databases);
  const specs = databases.map(({ name, characterSet, collation, options }): DatabaseSpec => ({ name, characterSet, collation, options }));
  await runItems(specs.length, (index) => methods.create(ctx, at(specs, index)), ledger, frame);
}

async function createUsers({ users }: CommandOf<'createUsers'>, { ctx, guest, ledger, frame }: Execution): Promise<void> {
  const methods = group(guest.users);
  const specs = users.map(({ user, password, grants }): UserSpec => ({ ...userRef(user), password, grants: grants.map(grantSpec) }));
  await runItems(specs.length, (index) => methods.create(ctx, at(specs, index)), ledger, frame);
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`There is no item ${index}`);
  return found;
}

async function gone(isRepeat: boolean, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isRepeat || codeOf(error) !== 'MISSING') throw error;
  }
}

const nextSize = ({ vcpus, memoryMb, volumeGb, sizing, parameters }: CommandOf<'checkResize'>): NextSize => ({ flavor: { vcpus, memoryMb }, volumeGb, sizing, parameters });

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
const userRef = (user: WireUserRef | undefined): UserRef => ({ name: user?.name ?? '', host: user?.host, authDatabase: user?.authDatabase });
const grantSpec = (grant: GrantSpec): SpiGrant => ({ database: grant.database ?? null, privileges: grant.privileges });
