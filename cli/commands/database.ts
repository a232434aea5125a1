import type { Command } from 'commander';
import { CreateDatabasesDocument, DeleteDatabaseDocument, ListDatabasesDocument } from '../generated/documents.ts';
import { listAll } from '../api/pages.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { Failure, usageFailure } from '../failure.ts';
import { findInstance } from '../lookup.ts';
import { bytesText } from '../output/units.ts';
import { confirm } from '../prompt/confirm.ts';
import { tellOutcome } from './engine-outcome.ts';
import { addLimitOption, type LimitOptions, printList } from './listing.ts';

interface CreateOptions { characterSet?: string; collation?: string; option?: string[]; idempotencyKey?: string }

export function addDatabaseCommands(program: Command, kit: Kit): void {
  const database = program.command('database').description('databases inside an instance');

  addLimitOption(database.command('list').description('databases of an instance, read from the engine now').argument('<instance>', 'name or id'))
    .action(action<LimitOptions, [string]>(kit, async (session, { limit }, reference) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const listed = await listAll(client, ListDatabasesDocument, { id }, ({ instance }) => answered(instance?.databases), limit);
      printList(session, 'databases', listed, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'CHARACTER SET', value: ({ characterSet }) => characterSet },
        { title: 'COLLATION', value: ({ collation }) => collation },
        { title: 'OPTIONS', value: ({ options }) => options.map(({ name, value }) => `${name}=${value}`).join(' ') || null },
        { title: 'SIZE', value: ({ sizeBytes }) => bytesText(sizeBytes), align: 'right' },
      ]);
    }));

  const create = database.command('create').description('make databases').argument('<instance>', 'name or id').argument('<names...>', 'of the databases')
    .option('--character-set <name>', 'the engine\'s usual one when left out')
    .option('--collation <name>', 'the engine\'s usual one when left out')
    .option('--option <name=value...>', 'what only some engines have, such as replication_factor=1: see coffer datastore show')
    .option('--idempotency-key <key>', 'the same key and input acts once, however often it is sent')
    .action(action<CreateOptions, [string, string[]]>(kit, async (session, { idempotencyKey, ...options }, reference, names) => {
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const input = { instanceId: id, idempotencyKey, databases: names.map((name) => ({ name, characterSet: options.characterSet, collation: options.collation, options: parseOptions(options.option ?? []) })) };
      await tellOutcome(session, client, accepted((await client.request(CreateDatabasesDocument, { input })).result), 'created');
    }));
  addExamples(create, [{ description: 'coffer database create shop orders archive' }]);

  addYesOption(database.command('delete').description('remove a database with everything in it').argument('<instance>', 'name or id').argument('<database>', 'its name'))
    .action(action<YesOptions, [string, string]>(kit, async (session, { yes }, reference, name) => {
      const client = await session.client();
      const instance = await findInstance(session, client, reference);
      await confirm(session, `This deletes the database ${name} of ${instance.name} with everything in it`, yes);
      await tellOutcome(session, client, accepted((await client.request(DeleteDatabaseDocument, { input: { instanceId: instance.id, name } })).result), 'deleted');
    }));
}

function parseOptions(words: readonly string[]): { name: string; value: string }[] {
  return words.map((word) => {
    const [name, value] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
    if (!word.includes('=') || name === '') throw usageFailure(`${word} is no option`, 'Write --option name=value');
    return { name, value };
  });
}

/** A list that is read from an engine: null comes with an error, unless the instance went away meanwhile. */
export function answered<Live>(live: Live | null | undefined): Live {
  if (live === null || live === undefined) throw new Failure('the engine does not answer', { code: 'ENGINE.UNAVAILABLE', remedy: 'See the conditions of the instance: coffer instance show' });
  return live;
}
