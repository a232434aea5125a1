import type { Command } from 'commander';
import { DisableRootDocument, EnableRootDocument, ShowRootDocument } from '../generated/documents.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { notFoundFailure } from '../failure.ts';
import { findInstance } from '../lookup.ts';
import { readPasswords } from '../prompt/secret.ts';
import type { Session } from '../session/session.ts';
import { addPasswordFileOption, keepingPasswords, type PasswordFileOptions, tellCredentials } from './credentials.ts';
import { tellOutcome } from './engine-outcome.ts';

interface EnableOptions extends PasswordFileOptions { passwordStdin?: boolean }

export function addRootCommands(program: Command, kit: Kit): void {
  const root = program.command('root').description('the account that may do everything with the data (owners)');

  const enable = addPasswordFileOption(root.command('enable').description('let root in, with a password that is told once; that it was enabled is remembered for good').argument('<instance>', 'name or id'))
    .option('--password-stdin', 'read the password from standard input, or ask for it')
    .action(action<EnableOptions, [string]>(kit, enableRoot));
  addExamples(enable, [{ description: 'coffer root enable shop --password-file root.pw' }]);

  root.command('disable').description('shut root out, at once').argument('<instance>', 'name or id').action(action<object, [string]>(kit, async (session, _options, reference) => {
    const client = await session.client();
    const { id } = await findInstance(session, client, reference);
    await tellOutcome(session, client, accepted((await client.request(DisableRootDocument, { input: { instanceId: id } })).result), 'disabled');
  }));

  root.command('show').description('whether root was ever enabled').argument('<instance>', 'name or id').action(action<object, [string]>(kit, async (session, _options, reference) => {
    const client = await session.client();
    const { id } = await findInstance(session, client, reference);
    const { instance } = await client.request(ShowRootDocument, { id });
    if (!instance) throw notFoundFailure(`there is no instance "${reference}" any more`);
    const { name, rootEnabledEver, capabilities } = instance;
    const isSupported = capabilities.includes('ROOT');
    if (session.isJson) session.terminal.json({ id, name, rootEnabledEver, isSupported });
    else session.terminal.line(rootEnabledEver ? `root of ${name} was enabled at least once` : `root of ${name} was never enabled${isSupported ? '' : ', and this datastore has none'}`);
  }));
}

async function enableRoot(session: Session, { passwordFile, passwordStdin }: EnableOptions, reference: string): Promise<void> {
  const [password] = passwordStdin ? await readPasswords(session, ['root']) : [];
  const client = await session.client();
  const { id } = await findInstance(session, client, reference);
  const { answer, credentials, isInFile } = await keepingPasswords(passwordFile, async () => accepted((await client.request(EnableRootDocument, { input: { instanceId: id, password } })).result),
    (one) => (one.credentials ? [one.credentials] : []));
  await tellOutcome(session, client, answer, 'enabled', {
    json: { credentials: credentials[0] ?? null, ...(isInFile ? { passwordFile } : {}) },
    people: () => {
      tellCredentials(session, credentials, passwordFile, isInFile);
      if (credentials.length === 0 && password === undefined) session.terminal.note('The engine was slow, so its password could not be told: enable root again for a new one.');
    },
  });
}
