import { type Command, Option } from 'commander';
import { GrantDatabasesDocument, RevokeDatabasesDocument } from '../generated/documents.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { collect } from '../command/parse.ts';
import { findInstance } from '../lookup.ts';
import { tellOutcome } from './engine-outcome.ts';

/** What tells a user from others of the same name. */
export interface UserOptions { host?: string; authDatabase?: string }
export const authDatabaseOption = (): Option => new Option('--auth-database <database>', 'where it logs in, where the engine has that; the usual one of the engine when left out');

export function addGrantCommands(user: Command, kit: Kit): void {
  const grant = user.command('grant').description('let a user do more').argument('<instance>', 'name or id').argument('<user>', 'its name')
    .argument('[databases...]', 'where; left out where the engine has no databases')
    .addOption(new Option('--privilege <privilege>', 'in the engine\'s own words; what an application usually needs when left out; may be repeated').argParser(collect))
    .option('--host <host>', 'where the engine has it')
    .addOption(authDatabaseOption())
    .action(action<UserOptions & { privilege?: string[] }, [string, string, string[]]>(kit, async (session, { privilege: privileges, host, authDatabase }, reference, name, databases) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const grants = databases.length === 0 ? [{ privileges }] : databases.map((database) => ({ database, privileges }));
      const input = { instanceId: id, user: { name, host, authDatabase }, grants };
      await tellOutcome(session, client, accepted((await client.request(GrantDatabasesDocument, { input })).result), 'granted');
    }));
  addExamples(grant, [{ description: 'coffer user grant shop reporting app archive' }, { does: 'key patterns and categories, where the engine has those; a new user may do everything there, so take that away first', description: 'coffer user revoke cache worker && coffer user grant cache worker --privilege "~jobs:*" --privilege "+@read"' }]);

  const revoke = user.command('revoke').description('take away what a user may do, at once').argument('<instance>', 'name or id').argument('<user>', 'its name')
    .argument('[databases...]', 'where; left out where the engine has no databases: everything')
    .option('--host <host>', 'where the engine has it')
    .addOption(authDatabaseOption())
    .action(action<UserOptions, [string, string, string[]]>(kit, async (session, { host, authDatabase }, reference, name, databases) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const input = { instanceId: id, user: { name, host, authDatabase }, ...(databases.length > 0 ? { databases } : {}) };
      await tellOutcome(session, client, accepted((await client.request(RevokeDatabasesDocument, { input })).result), 'revoked');
    }));
  addExamples(revoke, [{ description: 'coffer user revoke shop reporting archive' }]);
}
