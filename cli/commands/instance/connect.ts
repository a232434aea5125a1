import { homedir } from 'node:os';
import { type Command, Option } from 'commander';
import { ConnectTargetDocument, type ConnectTargetQuery } from '../../generated/documents.ts';
import type { Client } from '../../api/client.ts';
import { action, type Kit, type Outcome } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { newFilesFolder, withClientFiles } from '../../connect/client-files.ts';
import { findClientProgram, writeCaFile } from '../../connect/client-program.ts';
import { readConnectSpec } from '../../connect/connect-spec.ts';
import { type ConnectPlan, needsPassword, planConnection, refuseAuthDatabase, shellLine, withPassword } from '../../connect/plan.ts';
import { foreignEnvironment, runClient } from '../../connect/run-client.ts';
import { Failure, notFoundFailure, usageFailure } from '../../failure.ts';
import { findInstance } from '../../lookup.ts';
import { printable } from '../../output/text.ts';
import { askSecret, readFirstLine } from '../../prompt/secret.ts';
import type { Session } from '../../session/session.ts';

type Target = NonNullable<ConnectTargetQuery['instance']>;
interface ConnectOptions { user?: string; authDatabase?: string; database?: string; passwordStdin?: boolean; print?: boolean }

export function addConnectCommand(parent: Command, kit: Kit): void {
  const command = parent.command('connect').description('run the stock client of the engine, with TLS verified').argument('<instance>', 'name or id').argument('[client-args...]', 'after --: given to the client as they are')
    .option('--user <user>', 'who to be; the only user of the instance when left out')
    .option('--auth-database <database>', 'where the user logs in, where the engine has that; needed for one of several users of the same name')
    .addOption(new Option('--database <database>', 'the only one that the user may use, or the engine\'s usual one, when left out'))
    .option('--password-stdin', 'the first line of standard input is the password, the rest is the client\'s (or set COFFER_PASSWORD)')
    .option('--print', 'print the command and do not run it')
    .action(action<ConnectOptions, [string, string[]]>(kit, connect));
  addExamples(command, [
    { description: 'coffer instance connect shop --user app --database app' },
    { does: 'a statement, without a terminal', description: 'COFFER_PASSWORD=$(cat shop.pw) coffer instance connect shop --user app -- --command "select 1"' },
    { does: 'for a script of your own', description: 'coffer instance connect shop --user app --print' },
  ]);
}

async function connect(session: Session, options: ConnectOptions, reference: string, clientArgs: string[]): Promise<Outcome> {
  const client = await session.client();
  const target = await findTarget(session, client, reference);
  const endpoint = target.endpoints.find(({ role }) => role === 'PRIMARY') ?? target.endpoints[0]!;
  const [user, spec] = [chooseUser(target, options), await readConnectSpec(client, target.id, endpoint.uri)];
  if (options.authDatabase !== undefined) refuseAuthDatabase(spec);
  const caFile = target.caCertificate ? await writeCaFile(target.caCertificate, session.env, homedir()) : null;
  const filesFolder = newFilesFolder(session.env);
  const plan = planConnection(spec, { host: endpoint.host, port: endpoint.port, user: user.name, authDatabase: user.authDatabase, database: options.database ?? defaultDatabase(grantedDatabases(target, user)), caFile, filesFolder: options.print ? null : filesFolder }, clientArgs);
  if (options.print) return print(session, plan);
  const program = await findClientProgram(spec, session.env, endpoint.uri);
  const password = needsPassword(plan) ? await findPassword(session, user.name, options) : '';
  return withClientFiles(plan, filesFolder, password, () => runClient(program, plan.args, { ...foreignEnvironment(session.env), ...plan.environment, ...withPassword(plan, password) }));
}

async function findTarget(session: Session, client: Client, reference: string): Promise<Target> {
  const { id, name } = await findInstance(session, client, reference);
  // An engine that does not tell its users costs the default of --user and nothing else.
  const { data: { instance } } = await client.requestPartial(ConnectTargetDocument, { id });
  if (!instance) throw notFoundFailure(`there is no instance "${reference}" any more`);
  if (instance.endpoints.length > 0) return instance;
  throw new Failure(`${name} is ${instance.status} and has no endpoint yet`, { code: 'PRECONDITION.STATE', remedy: `Wait for it: coffer instance watch ${name} --until active` });
}

interface ConnectUser { name: string; authDatabase: string | null }

/** Who is meant, as far as the engine tells its users. Of several with the same name none is taken unasked. */
export function chooseUser(target: Pick<Target, 'name' | 'users'>, { user, authDatabase }: Pick<ConnectOptions, 'user' | 'authDatabase'>): ConnectUser {
  const known = (target.users?.edges ?? []).map(({ node }) => node).filter((one) => authDatabase === undefined || one.authDatabase === authDatabase);
  if (user === undefined) return onlyUser(target, known);
  const places = [...new Set(known.filter(({ name }) => name === user).map((one) => one.authDatabase))];
  if (places.length > 1) throw usageFailure(`several users are called ${printable(user)}: they log in at ${places.map((place) => printable(String(place))).join(', ')}`, 'Say where: --auth-database <database>');
  return { name: user, authDatabase: authDatabase ?? places[0] ?? null };
}

function onlyUser({ name, users }: Pick<Target, 'name' | 'users'>, names: readonly ConnectUser[]): ConnectUser {
  if (names.length === 1) return names[0]!;
  if (!users) throw usageFailure('the engine does not tell its users now', 'Say who to be: --user <user>');
  throw usageFailure(names.length === 0 ? `${name} has no user yet` : `${name} has several users`, names.length === 0 ? `Make one: coffer user create ${name} <user>` : 'Say which: --user <user>');
}

/** Where the user may go, as far as the engine tells. */
const grantedDatabases = ({ users }: Target, user: ConnectUser): string[] =>
  [...new Set(users?.edges.filter(({ node }) => node.name === user.name && (user.authDatabase === null || node.authDatabase === user.authDatabase)).flatMap(({ node }) => node.grants.flatMap(({ database }) => database ?? [])))];

/** The engine's usual database (null) is often one that a user of Coffer's may not enter: their own comes first. */
export function defaultDatabase(granted: readonly string[]): string | null {
  if (granted.length > 1) throw usageFailure(`the user may use several databases: ${granted.map(printable).join(', ')}`, 'Say which: --database <database>');
  return granted[0] ?? null;
}

async function findPassword(session: Session, user: string, { passwordStdin }: ConnectOptions): Promise<string> {
  if (passwordStdin) return readFirstLine();
  if (session.env['COFFER_PASSWORD']) return session.env['COFFER_PASSWORD'];
  if (session.terminal.isInteractive) return askSecret(session, `Password for ${user}: `);
  throw usageFailure('there is no password, and no terminal to ask at', 'Set COFFER_PASSWORD, or use --password-stdin');
}

function print(session: Session, plan: ConnectPlan): void {
  const secrets = Object.keys(plan.secretEnvironment);
  if (session.isJson) {
    session.terminal.json({ command: plan.command, args: plan.args, environment: plan.environment, passwordVariables: secrets, files: plan.files });
    return;
  }
  session.terminal.line(shellLine(plan));
  if (secrets.length > 0) session.terminal.note(`The password belongs into the environment: ${secrets.join(', ')}.`);
  for (const [name, text] of Object.entries(plan.files)) session.terminal.note(`In place of {file:${name}} goes the path of a file that only you can read (0600):\n${text.trimEnd()}`);
}
