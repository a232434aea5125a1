/** engine.command: one command to the engine through its agent; its outcome per item is the step's output. */
import type { Outcome, RunRequest } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import type { DatabaseOption, DatabaseSpec, GrantSpec, UserRef } from '../../../strategies/spi/control.ts';
import { type GivenIdentity, identityOf, type UserIdentity } from '../../domain/user-identity.ts';
import { defineWorkflow, FinalStepError, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, type WorkflowDeps } from './deps.ts';
import { guestTimeouts } from './guest-steps.ts';
import type { InstanceWork, WorkUser } from './instance-facts.ts';
import { runOnAgent, toCatalogueCode } from './run-on-agent.ts';

/** Without secrets: passwords are sealed beside it. */
export type EngineCommand =
  | { kind: 'createDatabases'; databases: DatabaseSpec[] }
  | { kind: 'deleteDatabase'; name: string }
  | { kind: 'createUsers'; users: WorkUser[] }
  | { kind: 'updateUser'; user: UserRef; newName: string | null; newHost: string | null; hasPassword: boolean }
  | { kind: 'deleteUser'; user: UserRef }
  | { kind: 'grant'; user: UserRef; grants: GrantSpec[] }
  | { kind: 'revoke'; user: UserRef; databases: (string | null)[] }
  | { kind: 'enableRoot' }
  | { kind: 'disableRoot' }
  | { kind: 'pluginAction'; name: string; args: object };
export interface EngineWork extends InstanceWork { command: EngineCommand }

type WireCommand = NonNullable<RunRequest['command']>;

export const toDatabase = (d: DatabaseSpec): { name: string; characterSet?: string | undefined; collation?: string | undefined; options: DatabaseOption[] } =>
  ({ name: d.name, characterSet: d.characterSet ?? undefined, collation: d.collation ?? undefined, options: [...(d.options ?? [])] });
const toRef = (u: GivenIdentity): { name: string; host?: string | undefined; authDatabase?: string | undefined } =>
  ({ name: u.name, host: u.host ?? undefined, authDatabase: u.authDatabase ?? undefined });
const toGrant = (g: GrantSpec): { database?: string | undefined; privileges: string[] } => ({ database: g.database ?? undefined, privileges: g.privileges });

export const toNewUsers = (users: readonly WorkUser[], secrets: Readonly<Record<string, string>>): { user: ReturnType<typeof toRef>; password: string; grants: ReturnType<typeof toGrant>[] }[] =>
  users.map((u, i) => ({ user: toRef(u), password: secretOf(secrets, `user.${i}`), grants: u.grants.map(toGrant) }));

function secretOf(secrets: Readonly<Record<string, string>>, name: string): string {
  const secret = secrets[name];
  if (secret === undefined) throw new FinalStepError('INTERNAL', `the operation lost its secret ${name}`);
  return secret;
}

export function toWire(command: EngineCommand, secrets: Readonly<Record<string, string>>): WireCommand {
  switch (command.kind) {
    case 'createDatabases': return { $case: 'createDatabases', value: { databases: command.databases.map(toDatabase) } };
    case 'deleteDatabase': return { $case: 'deleteDatabase', value: { name: command.name } };
    case 'createUsers': return { $case: 'createUsers', value: { users: toNewUsers(command.users, secrets) } };
    case 'updateUser': return {
      $case: 'updateUser',
      value: { user: toRef(command.user), newName: command.newName ?? undefined, newHost: command.newHost ?? undefined, newPassword: command.hasPassword ? secretOf(secrets, 'password') : undefined },
    };
    case 'deleteUser': return { $case: 'deleteUser', value: { user: toRef(command.user) } };
    case 'grant': return { $case: 'grant', value: { user: toRef(command.user), grants: command.grants.map(toGrant) } };
    case 'revoke': return { $case: 'revoke', value: { user: toRef(command.user), databases: command.databases.map((d) => d ?? '') } };
    case 'enableRoot': return { $case: 'enableRoot', value: { password: secretOf(secrets, 'password') } };
    case 'disableRoot': return { $case: 'disableRoot', value: {} };
    case 'pluginAction': return { $case: 'pluginAction', value: { name: command.name, argumentsJson: JSON.stringify(command.args) } };
  }
}

/** Answers of the agent in the catalogue's codes. */
export const toItems = (items: Outcome['items']): (UserIdentity & { fault: { code: string; message: string } | null })[] =>
  items.map((i) => ({ ...identityOf(i), fault: i.fault ? { code: toCatalogueCode(i.fault.code), message: i.fault.message } : null }));

const itemCount = (command: EngineCommand): number =>
  command.kind === 'createDatabases' ? command.databases.length : command.kind === 'createUsers' ? command.users.length : 1;

async function run(deps: WorkflowDeps, ctx: StepContext<EngineWork>): Promise<unknown> {
  const { datastore, command } = ctx.input;
  const timeoutMs = guestTimeouts(deps, datastore).statementMs * Math.max(1, itemCount(command));
  const outcome = await runOnAgent(deps, ctx, 'run', timeoutMs, toWire(command, ctx.secrets));
  return { items: toItems(outcome.items), rootName: outcome.rootName };
}

export const engineCommandWorkflow = (deps: WorkflowDeps): Workflow<EngineWork> =>
  defineWorkflow<EngineWork>({
    kind: 'engine.command', version: 1, cancellable: true, timeoutMs: minutesMs(10),
    steps: [{ name: 'run', title: 'Act on the engine', timeoutMs: minutesMs(5), retry: brief, isPointOfNoReturn: true, run: (ctx) => run(deps, ctx) }],
  });
