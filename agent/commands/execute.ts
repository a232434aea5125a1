/** Carries one command out by the plugin's methods. Whatever it throws is made a fault by the runner. */
import type { GuestContext, GuestHalf } from '../../strategies/spi/guest.ts';
import type { GrantSpec, UserRef as WireUserRef } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { GrantSpec as SpiGrant, UserRef } from '../../strategies/spi/control.ts';
import type { Command, CommandOf } from './catalogue.ts';
import { type ItemFrame, type ItemLedger, runItems } from './items.ts';
import type { LifeCycle } from './life-cycle.ts';

export interface Result { restartRequired: string[]; rootName: string }
const nothing: Result = { restartRequired: [], rootName: '' };

export interface Execution {
  ctx: GuestContext;
  guest: GuestHalf;
  lifeCycle: LifeCycle;
  ledger: ItemLedger;
  frame: ItemFrame;
  /** an earlier run of this command was begun and did not succeed: what it was to remove may be gone by its doing */
  isRepeat: boolean;
}

export async function execute(command: Command, execution: Execution): Promise<Result> {
  const { ctx, guest, lifeCycle } = execution;
  switch (command.$case) {
    case 'initialise': await lifeCycle.initialise(ctx, command.value); break;
    case 'configure': return { ...nothing, restartRequired: await lifeCycle.configure(ctx, command.value) };
    case 'start': await lifeCycle.start(ctx); break;
    case 'stop': await lifeCycle.stop(ctx, command.value.immediate); break;
    case 'restart': await lifeCycle.restart(ctx); break;
    case 'repair': await guest.repair(ctx); break;
    case 'rotateCertificate': await lifeCycle.rotateCertificate(ctx, true); break;
    case 'createDatabases': await createDatabases(command.value, execution); break;
    case 'deleteDatabase': await gone(execution.isRepeat, group(guest.databases).delete(ctx, command.value.name)); break;
    case 'createUsers': await createUsers(command.value, execution); break;
    case 'updateUser': await updateUser(command.value, execution); break;
    case 'deleteUser': await gone(execution.isRepeat, group(guest.users).delete(ctx, userRef(command.value.user))); break;
    case 'grant': await group(guest.grants).grant(ctx, userRef(command.value.user), command.value.grants.map(grantSpec)); break;
    case 'revoke': await group(guest.grants).revoke(ctx, userRef(command.value.user), command.value.databases.map((name) => (name === '' ? null : name))); break;
    case 'enableRoot': {
      const { name } = await group(guest.root).enable(ctx, command.value.password);
      return { ...nothing, rootName: name };
    }
    case 'disableRoot': await group(guest.root).disable(ctx); break;
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
  const nameOf = (index: number): string => databases[index]?.name ?? '';
  await runItems({
    count: databases.length,
    async absent() {
      const present = new Set((await methods.list(ctx)).map((database) => database.name));
      return [...databases.keys()].filter((index) => !present.has(nameOf(index)));
    },
    create: (index) => methods.create(ctx, { name: nameOf(index), characterSet: databases[index]?.characterSet, collation: databases[index]?.collation }),
    remove: (index) => methods.delete(ctx, nameOf(index)),
  }, ledger, frame);
}

async function createUsers({ users }: CommandOf<'createUsers'>, { ctx, guest, ledger, frame }: Execution): Promise<void> {
  const methods = group(guest.users);
  const at = (index: number): UserRef => userRef(users[index]?.user);
  await runItems({
    count: users.length,
    async absent() {
      const present = await methods.list(ctx);
      return [...users.keys()].filter((index) => !present.some((user) => isSameUser(user, at(index))));
    },
    create: (index) => methods.create(ctx, { ...at(index), password: users[index]?.password ?? '', grants: (users[index]?.grants ?? []).map(grantSpec) }),
    remove: (index) => methods.delete(ctx, at(index)),
  }, ledger, frame);
}

/** A host that is not named may be any: better to think a user was there than to undo somebody else's. */
const isSameUser = (a: UserRef, b: UserRef): boolean => a.name === b.name && (a.host === undefined || b.host === undefined || a.host === b.host);

async function updateUser({ user, newName, newHost, newPassword }: CommandOf<'updateUser'>, { ctx, guest, isRepeat }: Execution): Promise<void> {
  const methods = group(guest.users);
  const ref = userRef(user);
  const change = { name: newName, host: newHost, password: newPassword };
  const isMove = newName !== undefined || newHost !== undefined;
  try {
    await methods.update(ctx, ref, change);
  } catch (error) {
    if (!isRepeat || !isMove || codeOf(error) !== 'MISSING') throw error;
    // The earlier run renamed it; what else was to change is done under the new name.
    await methods.update(ctx, { ...ref, name: newName ?? ref.name, host: newHost ?? ref.host }, { password: newPassword });
  }
}

async function gone(isRepeat: boolean, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isRepeat || codeOf(error) !== 'MISSING') throw error;
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
const userRef = (user: WireUserRef | undefined): UserRef => ({ name: user?.name ?? '', host: user?.host, authDatabase: user?.authDatabase });
const grantSpec = (grant: GrantSpec): SpiGrant => ({ database: grant.database ?? null, privileges: grant.privileges });
