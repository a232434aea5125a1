import { type Command, Option } from 'commander';
import { CreateUsersDocument, DeleteUserDocument, ListUsersDocument, type ListUsersQuery, UpdateUserDocument } from '../generated/documents.ts';
import { listAll } from '../api/pages.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { collect } from '../command/parse.ts';
import { usageFailure } from '../failure.ts';
import { findInstance } from '../lookup.ts';
import { printable } from '../output/text.ts';
import { userText } from '../output/user-text.ts';
import { confirm } from '../prompt/confirm.ts';
import { readPasswords } from '../prompt/secret.ts';
import type { Session } from '../session/session.ts';
import { addPasswordFileOption, keepingPasswords, type PasswordFileOptions, tellCredentials } from './credentials.ts';
import { answered } from './database.ts';
import { tellOutcome } from './engine-outcome.ts';
import { addGrantCommands, authDatabaseOption, type UserOptions } from './grant.ts';
import { addLimitOption, type LimitOptions, printList } from './listing.ts';

type User = NonNullable<NonNullable<ListUsersQuery['instance']>['users']>['edges'][number]['node'];
interface CreateOptions extends PasswordFileOptions, UserOptions { database?: string[]; passwordStdin?: boolean; idempotencyKey?: string }
interface UpdateOptions extends UserOptions { newName?: string; newHost?: string; passwordStdin?: boolean }

export function addUserCommands(program: Command, kit: Kit): void {
  const user = program.command('user').description('logins of an instance');
  addLimitOption(user.command('list').description('users of an instance and what they may do, read from the engine now').argument('<instance>', 'name or id'))
    .action(action<LimitOptions, [string]>(kit, async (session, { limit }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const listed = await listAll(client, ListUsersDocument, { id }, ({ instance }) => answered(instance?.users), limit);
      const withHost = listed.nodes.some(({ host }) => host !== null);
      const withAuthDatabase = listed.nodes.some(({ authDatabase }) => authDatabase !== null);
      printList(session, 'users', listed, [
        { title: 'NAME', value: ({ name }) => name },
        ...(withHost ? [{ title: 'HOST', value: ({ host }: User) => host }] : []),
        ...(withAuthDatabase ? [{ title: 'AUTH DATABASE', value: ({ authDatabase }: User) => authDatabase }] : []),
        { title: 'GRANTS', value: ({ grants }) => grants.map(({ database, privileges }) => `${database === null ? '' : `${database}: `}${privileges.join(' ')}`).join('; ') },
      ]);
    }));
  addCreate(user, kit);
  addUpdate(user, kit);
  addYesOption(user.command('delete').description('remove a user at once: sessions end, what it owns is handed over').argument('<instance>', 'name or id').argument('<user>', 'its name').option('--host <host>', 'where the engine has it').addOption(authDatabaseOption()))
    .action(action<YesOptions & UserOptions, [string, string]>(kit, async (session, { yes, host, authDatabase }, reference, name) => {
      const client = await session.client();
      const instance = await findInstance(session, client, reference);
      await confirm(session, `This deletes the user ${userText({ name, host: host ?? null, authDatabase: authDatabase ?? null })} of ${instance.name}`, yes);
      await tellOutcome(session, client, accepted((await client.request(DeleteUserDocument, { input: { instanceId: instance.id, user: { name, host, authDatabase } } })).result), 'deleted');
    }));
  addGrantCommands(user, kit);
}

function addCreate(user: Command, kit: Kit): void {
  const command = user.command('create').description('make users; their passwords are generated and told once').argument('<instance>', 'name or id').argument('<names...>', 'of the users')
    .addOption(new Option('--database <database>', 'they may use this database; may be repeated').argParser(collect))
    .option('--host <host>', 'from where they may come, where the engine has it')
    .addOption(authDatabaseOption())
    .option('--password-stdin', 'read the passwords from standard input, a line each')
    .option('--idempotency-key <key>', 'the same key and input acts once, however often it is sent');
  addPasswordFileOption(command).action(action<CreateOptions, [string, string[]]>(kit, create));
  addExamples(command, [{ description: 'coffer user create shop reporting --database app' }, { does: 'a password of your own', description: 'coffer user create shop reporting --password-stdin < reporting.pw' }]);
}

async function create(session: Session, { database, host, authDatabase, passwordStdin, passwordFile, idempotencyKey }: CreateOptions, reference: string, names: string[]): Promise<void> {
  const passwords = passwordStdin ? await readPasswords(session, names) : [];
  const client = await session.client();
  const { id } = await findInstance(session, client, reference);
  const input = { instanceId: id, idempotencyKey, users: names.map((name, at) => ({ name, host, authDatabase, databases: database, password: passwords[at] })) };
  const { answer, credentials, isInFile } = await keepingPasswords(passwordFile, async () => accepted((await client.request(CreateUsersDocument, { input })).result), ({ userCredentials }) => userCredentials);
  // What the engine refused has no password that anybody could use.
  const refused = new Set(answer.results.filter(({ error }) => error !== null).map(({ name }) => name));
  const told = credentials.filter(({ name }) => !refused.has(name));
  await tellOutcome(session, client, answer, 'created', {
    json: { userCredentials: told, ...(isInFile ? { passwordFile } : {}) },
    people: () => tellCredentials(session, told, passwordFile, isInFile),
  });
}

function addUpdate(user: Command, kit: Kit): void {
  const command = user.command('update').description('give a user another name, host or password').argument('<instance>', 'name or id').argument('<user>', 'its name now')
    .option('--host <host>', 'its host now, where the engine has it')
    .addOption(authDatabaseOption())
    .option('--new-name <name>', 'its name from now on')
    .option('--new-host <host>', 'its host from now on')
    .option('--password-stdin', 'read its new password from standard input, or ask for it')
    .action(action<UpdateOptions, [string, string]>(kit, async (session, { host, authDatabase, newName, newHost, passwordStdin }, reference, name) => {
      if (!newName && !newHost && !passwordStdin) throw usageFailure('nothing to change is named', 'Give --new-name, --new-host or --password-stdin');
      const [password] = passwordStdin ? await readPasswords(session, [name]) : [];
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const input = { instanceId: id, user: { name, host, authDatabase }, name: newName, host: newHost, password };
      await tellOutcome(session, client, accepted((await client.request(UpdateUserDocument, { input })).result), `updated${newName ? `, now ${printable(newName)}` : ''}`);
    }));
  addExamples(command, [{ description: 'coffer user update shop reporting --password-stdin' }]);
}
