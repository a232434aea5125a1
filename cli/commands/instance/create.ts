import { type Command, Option } from 'commander';
import { CreateInstanceDocument, type InstanceDetailsFragment, ShowInstanceDocument } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { type Autoscaling, autoscalingOf, collect, collectTags, type Tag, wholeNumber } from '../../command/parse.ts';
import { usageFailure } from '../../failure.ts';
import { findConfiguration, projectId } from '../../lookup.ts';
import { paintWord } from '../../output/style.ts';
import { printable } from '../../output/text.ts';
import { readPasswords } from '../../prompt/secret.ts';
import type { Session } from '../../session/session.ts';
import { finish } from '../../wait/wait-operation.ts';
import { addPasswordFileOption, keepingPasswords, type PasswordFileOptions, tellCredentials } from '../credentials.ts';
import { datastoreText, endpointText } from './present.ts';

interface CreateOptions extends WaitOptions, PasswordFileOptions {
  datastore: string; datastoreVersion?: string; flavor: string; volume: number; volumeType?: string; autoscale?: Autoscaling; database?: string[]; user?: string[];
  configuration?: string; passwordStdin?: boolean; tag?: Tag[]; zone?: string; deletionProtection?: boolean; idempotencyKey?: string;
}

export function addCreateCommand(parent: Command, kit: Kit): void {
  const command = parent.command('create').description('make a database server').argument('<name>', 'unique in the project: lower-case letters, digits, dashes')
    .requiredOption('--datastore <datastore>', 'which kind of server; see `coffer datastore list`')
    .option('--datastore-version <version>', 'the default of the datastore when left out')
    .requiredOption('--flavor <flavor>', 'processor and memory; see `coffer flavor list`')
    .addOption(new Option('--volume <gib>', 'disk space').argParser(wholeNumber(1, 1_000_000)).makeOptionMandatory())
    .option('--volume-type <type>', 'kind of volume: directory or loop; the usual one of the server when left out')
    .addOption(new Option('--autoscale <rule>', 'the volume grows by itself, such as threshold=80,step=5,max=100,cooldown=600: per cent, GiB, GiB, seconds').argParser(autoscalingOf))
    .addOption(new Option('--database <database>', 'make this database; may be repeated').argParser(collect))
    .addOption(new Option('--user <user>', 'make this user, who may use all of the databases; may be repeated').argParser(collect))
    .option('--configuration <configuration>', 'a configuration group for it, by name or id')
    .option('--password-stdin', 'read the users\' passwords from standard input, a line each; generated when left out')
    .addOption(new Option('--tag <key=value>', 'a word of your own; may be repeated').argParser(collectTags))
    .option('--zone <zone>', 'where it shall run')
    .option('--deletion-protection', 'refuse to delete it until this is turned off')
    .option('--idempotency-key <key>', 'the same key and input makes one instance, however often it is sent');
  addWaitOptions(addPasswordFileOption(command)).action(action<CreateOptions, [string]>(kit, createInstance));
  addExamples(command, [
    { does: 'a server with a database and a user, whose password is told at the end', description: 'coffer instance create shop --datastore postgresql --datastore-version 17 --flavor small --volume 2 --database app --user app' },
    { does: 'in a script', description: 'coffer instance create cache --datastore redis --flavor small --volume 1 --user app --password-file cache.pw --json' },
  ]);
}

async function createInstance(session: Session, options: CreateOptions, name: string): Promise<void> {
  const { database: databases = [], user: users = [] } = options;
  if (options.passwordStdin && users.length === 0) throw usageFailure('--password-stdin is for users: name them with --user');
  const passwords = options.passwordStdin ? await readPasswords(session, users) : [];
  const client = await session.client();
  const input = {
    name, datastore: options.datastore, version: options.datastoreVersion, flavor: options.flavor, volume: { sizeGb: options.volume, type: options.volumeType, autoscaling: options.autoscale },
    databases: databases.map((one) => ({ name: one })),
    users: users.map((one, at) => ({ name: one, password: passwords[at], ...(databases.length > 0 ? { databases } : {}) })),
    tags: options.tag, zone: options.zone, deletionProtection: options.deletionProtection, idempotencyKey: options.idempotencyKey,
    projectId: await projectId(session, client),
    configurationId: options.configuration === undefined ? undefined : (await findConfiguration(session, client, options.configuration)).id,
  };
  const { answer, credentials, isInFile } = await keepingPasswords(options.passwordFile, async () => accepted((await client.request(CreateInstanceDocument, { input })).result), ({ userCredentials }) => userCredentials);
  let { instance, operation }: { instance: InstanceDetailsFragment; operation: typeof answer.operation } = answer;
  let problem: unknown = null;
  try {
    operation = await finish(session, client, operation, options.wait !== false);
    instance = (await client.request(ShowInstanceDocument, { id: instance.id })).instance ?? instance;
  } catch (error) {
    problem = error; // passwords are told once, so they are told even when the rest went wrong
  }
  if (session.isJson) session.terminal.json({ instance, operation, userCredentials: credentials, ...(isInFile ? { passwordFile: options.passwordFile } : {}) });
  else tellCreated(session, instance, users, () => tellCredentials(session, credentials, options.passwordFile, isInFile));
  if (problem) throw problem;
}

function tellCreated(session: Session, instance: InstanceDetailsFragment, users: readonly string[], tellPasswords: () => void): void {
  const { terminal } = session;
  const { name, status, endpoints, datastoreVersion } = instance;
  terminal.line(`${terminal.style.bold(printable(name))} ${paintWord(terminal.style, status)}  ${datastoreText(datastoreVersion)}  ${endpointText(endpoints)}`.trimEnd());
  tellPasswords();
  if (datastoreVersion.deprecated) terminal.note(`${datastoreText(datastoreVersion)} is deprecated: see \`coffer datastore version list\` for others.`);
  if (status === 'ACTIVE') terminal.note(`Connect: coffer instance connect ${name}${users.length > 1 ? ` --user ${users[0]}` : ''}`);
  else terminal.note(`Watch it: coffer instance watch ${name}`);
}
