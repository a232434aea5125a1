import { type Command, Option } from 'commander';
import { CloneConfigurationDocument, type ConfigurationRowFragment, CreateConfigurationDocument, ValidateConfigurationDocument, type ValidateConfigurationMutation } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { collect, wholeNumber } from '../../command/parse.ts';
import { Failure, usageFailure } from '../../failure.ts';
import { findConfiguration, findInstance, projectId } from '../../lookup.ts';
import { printable } from '../../output/text.ts';
import type { Session } from '../../session/session.ts';
import { configurationFields, tellWarnings } from './present.ts';
import { parseValues, valueArgument } from './values.ts';

interface VersionOptions { datastore: string; datastoreVersion: string }
interface CloneOptions { revision?: number; instance?: string; description?: string }
type Validated = Extract<ValidateConfigurationMutation['result'], { evaluations: unknown }>;

const addVersionOptions = (command: Command): Command => command
  .requiredOption('--datastore <datastore>', 'for which kind of server')
  .requiredOption('--datastore-version <version>', 'and which version of it');

export function addMakeCommands(parent: Command, kit: Kit): void {
  const create = addVersionOptions(parent.command('create').description('make a group').argument('<name>', 'unique among the groups of the project').argument('[values...]', valueArgument))
    .option('--description <text>', 'what it is for')
    .action(action<VersionOptions & { description?: string }, [string, string[]]>(kit, async (session, { datastore, datastoreVersion, description }, name, words) => {
      const values = parseValues(words);
      const client = await session.client();
      const input = { name, datastore, version: datastoreVersion, description, values, projectId: await projectId(session, client) };
      tellGroup(session, accepted((await client.request(CreateConfigurationDocument, { input })).result).configuration);
    }));
  addExamples(create, [
    { description: 'coffer configuration create web --datastore postgresql --datastore-version 17 work_mem=16MB max_connections=200' },
    { does: 'a formula over the flavor; in quotes, since shells know the characters too', description: 'coffer configuration create web --datastore postgresql --datastore-version 17 "work_mem={memoryMb}MB * 0.01"' },
  ]);

  const validate = addVersionOptions(parent.command('validate').description('say what values would be, on each flavor; nothing is saved').argument('<values...>', valueArgument))
    .addOption(new Option('--flavor <flavor>', 'on this one; may be repeated; all that the version allows when left out').argParser(collect))
    .addOption(new Option('--volume <gib>', 'size of the volume').argParser(wholeNumber(1, 1_000_000)))
    .action(action<VersionOptions & { flavor?: string[]; volume?: number }, [string[]]>(kit, async (session, { datastore, datastoreVersion, flavor, volume }, words) => {
      const values = parseValues(words);
      const client = await session.client();
      tellValidated(session, accepted((await client.request(ValidateConfigurationDocument, { input: { datastore, version: datastoreVersion, values, flavors: flavor, volumeGb: volume } })).result));
    }));
  addExamples(validate, [{ description: 'coffer configuration validate --datastore postgresql --datastore-version 17 --flavor small --flavor large "work_mem={memoryMb}MB * 0.01"' }]);

  const clone = parent.command('clone').description('make a group of another one, of one of its revisions, or of what an instance has now').argument('<name>', 'of the new group').argument('[configuration]', 'name or id of the other one')
    .addOption(new Option('--revision <number>', 'of the other one; its newest when left out').argParser(wholeNumber(1, 2 ** 31 - 1)))
    .option('--instance <instance>', 'of what its engine has besides the usual values of its flavor')
    .option('--description <text>', 'that of the other one when left out')
    .action(action<CloneOptions, [string, string | undefined]>(kit, async (session, { revision, instance, description }, name, reference) => {
      if ((reference === undefined) === (instance === undefined)) throw usageFailure('name a group or --instance, one of them');
      const client = await session.client();
      const source = instance === undefined ? { configurationId: (await findConfiguration(session, client, reference!)).id } : { instanceId: (await findInstance(session, client, instance)).id };
      tellGroup(session, accepted((await client.request(CloneConfigurationDocument, { input: { name, description, revision, ...source } })).result).configuration);
    }));
  addExamples(clone, [{ description: 'coffer configuration clone staging web' }, { description: 'coffer configuration clone found --instance shop' }]);
}

function tellGroup(session: Session, group: ConfigurationRowFragment): void {
  const { terminal } = session;
  if (session.isJson) terminal.json(group);
  else terminal.fields(configurationFields(group, terminal.style, terminal.nowMs()));
  tellWarnings(session, group.values);
}

function tellValidated(session: Session, { values, evaluations }: Validated): void {
  const { terminal } = session;
  if (session.isJson) terminal.json({ values, evaluations });
  else {
    const rows = evaluations.flatMap(({ flavor, volumeGb, values: found, issues }) => [
      ...found.map(({ name, value }) => ({ flavor: flavor.name, volumeGb, name, told: value })),
      ...issues.map(({ name, message }) => ({ flavor: flavor.name, volumeGb, name, told: `✗ ${message}` })),
    ]);
    terminal.table([
      { title: 'FLAVOR', value: ({ flavor }) => flavor }, { title: 'VOLUME', value: ({ volumeGb }) => `${volumeGb} GiB`, align: 'right' },
      { title: 'NAME', value: ({ name }) => name }, { title: 'VALUE', value: ({ told }) => told },
    ], rows);
  }
  tellWarnings(session, values);
  const bad = evaluations.find(({ issues }) => issues.length > 0);
  if (bad) throw new Failure(`on ${printable(bad.flavor.name)}: ${bad.issues[0]!.name} ${bad.issues[0]!.message}`, { code: 'INPUT.INVALID' });
}
