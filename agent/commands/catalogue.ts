/** What the agent can be told, as data: which capability it needs, whether it changes the run state, what is secret in it. */
import { createHash } from 'node:crypto';
import type { RunRequest } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { Capability } from '../../strategies/spi/capability.ts';

export type Command = NonNullable<RunRequest['command']>;
export type CommandKind = Command['$case'];
export type CommandOf<Kind extends CommandKind> = Extract<Command, { $case: Kind }>['value'];

interface CommandTraits { capability: Capability | null; /** supervision holds back while it runs */ changesRunState: boolean }
const plain = (capability: Capability | null): CommandTraits => ({ capability, changesRunState: false });
const runState: CommandTraits = { capability: null, changesRunState: true };
/** The engine is stopped, and stays so until it is told to start. */
const upgrading: CommandTraits = { capability: 'UPGRADE', changesRunState: true };

export const commandTraits: Record<CommandKind, CommandTraits> = {
  initialise: runState, start: runState, stop: runState, restart: runState, repair: runState,
  configure: plain(null), rotateCertificate: plain('TLS'),
  createDatabases: plain('DATABASES'), deleteDatabase: plain('DATABASES'),
  createUsers: plain('USERS'), updateUser: plain('USERS'), deleteUser: plain('USERS'),
  grant: plain('GRANTS'), revoke: plain('GRANTS'),
  enableRoot: plain('ROOT'), disableRoot: plain('ROOT'),
  pluginAction: plain(null),
  checkResize: plain('RESIZE'),
  checkUpgrade: plain('UPGRADE'), finishUpgrade: plain('UPGRADE'), dropKept: plain('UPGRADE'),
  keepData: upgrading, runUpgrade: upgrading, revertUpgrade: upgrading,
};

/** Sizing is every datastore's; values of a group are for those that have groups. */
export function capabilityFor(command: Command): Capability | null {
  const hasValues = (command.$case === 'configure' || command.$case === 'initialise') && Object.keys(command.value.parameters).length > 0;
  return hasValues ? 'CONFIGURATION' : commandTraits[command.$case].capability;
}

const secretFields = new Set(['password', 'newPassword', 'managementSecret']);

/** A field that a later release adds is absent in what an earlier one sends: the digest stays the same. */
const isDefault = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Names the command without its secrets: they may not even leave a hash on disk. */
export function digestOf(command: Command): string {
  // Items keep their places, whatever is in them.
  const text = JSON.stringify(command, function (this: unknown, key, value: unknown) {
    return secretFields.has(key) || (!Array.isArray(this) && isDefault(value)) ? undefined : value;
  });
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

export function secretsOf(command: Command): string[] {
  const found: string[] = [];
  JSON.stringify(command, (key, value: unknown) => {
    if (secretFields.has(key) && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

export const itemLimit = 256;
/** How many items a command names; 1 for those that take one subject. */
export function itemCount(command: Command): number {
  if (command.$case === 'createDatabases') return command.value.databases.length;
  return command.$case === 'createUsers' ? command.value.users.length : 1;
}
