import { type Command, Option } from 'commander';
import { CreateTokenDocument, type Role, RevokeTokenDocument } from '../generated/documents.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { momentOf, oneOf } from '../command/parse.ts';
import { findToken, listTokens, projectId, requireProject } from '../lookup.ts';
import { printable } from '../output/text.ts';
import { ageText, momentText } from '../output/units.ts';
import { confirm } from '../prompt/confirm.ts';
import type { Session } from '../session/session.ts';
import { addPasswordFileOption, keepingPasswords, type PasswordFileOptions } from './credentials.ts';
import { printList } from './listing.ts';

const roles = ['VIEWER', 'EDITOR', 'OWNER', 'OPERATOR'] as const satisfies readonly Role[];
interface CreateOptions extends PasswordFileOptions { role: Role; expires?: string }

export function addTokenCommands(program: Command, kit: Kit): void {
  const token = program.command('token').description('who may speak to the API, in a project (owners)');
  token.command('list').description('tokens of the project, never their secrets').option('--revoked', 'also those that no longer work').action(action<{ revoked?: boolean }>(kit, async (session, { revoked }) => {
    const client = await session.client();
    const all = await listTokens(client, await requireProject(session, client));
    const nodes = revoked ? all : all.filter(({ revokedAt }) => revokedAt === null);
    const nowMs = session.terminal.nowMs();
    printList(session, 'tokens', { nodes, totalCount: nodes.length }, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'ROLE', value: ({ role }) => role },
      { title: 'EXPIRES', value: ({ expiresAt, revokedAt }) => (revokedAt ? `revoked ${ageText(revokedAt, nowMs)} ago` : expiresAt ? momentText(expiresAt, nowMs) : 'never') },
      { title: 'BY', value: ({ createdBy }) => createdBy },
      { title: 'AGE', value: ({ createdAt }) => ageText(createdAt, nowMs), align: 'right' },
      { title: 'ID', value: ({ id }) => id },
    ]);
  }));

  const create = token.command('create').description('make a token; it is told once').argument('<name>', 'appears in events as the actor')
    .addOption(new Option('--role <role>', `one of ${roles.join(', ').toLowerCase()}`).argParser(oneOf(roles)).makeOptionMandatory())
    .addOption(new Option('--expires <when>', 'a time, or a duration such as 30d; never when left out').argParser(momentOf(() => Date.now())));
  addPasswordFileOption(create, 'the token').action(action<CreateOptions, [string]>(kit, createToken));
  addExamples(create, [{ description: 'coffer token create deploy --role editor --expires 90d --project web' }]);

  addYesOption(token.command('revoke').description('end a token at once, its live subscriptions included').argument('<token>', 'name or id')).action(action<YesOptions, [string]>(kit, async (session, { yes }, reference) => {
    const client = await session.client();
    const tokenId = await findToken(session, client, reference);
    await confirm(session, `This ends the token ${reference}`, yes);
    const { token: gone } = accepted((await client.request(RevokeTokenDocument, { input: { tokenId } })).result);
    if (session.isJson) session.terminal.json(gone);
    else session.terminal.line(`${printable(gone.name)} is revoked  ${gone.id}`);
  }));
}

async function createToken(session: Session, { role, expires, passwordFile }: CreateOptions, name: string): Promise<void> {
  const client = await session.client();
  // An operator's token belongs to no project.
  const project = role === 'OPERATOR' ? await projectId(session, client) : await requireProject(session, client);
  const input = { name, role, expiresAt: expires, projectId: project };
  const { answer, credentials, isInFile } = await keepingPasswords(passwordFile, async () => accepted((await client.request(CreateTokenDocument, { input })).result),
    ({ secret }) => [{ name, host: null, password: secret }]);
  const { terminal } = session;
  if (session.isJson) return terminal.json({ token: answer.token, secret: credentials[0]?.password ?? null, ...(isInFile ? { passwordFile } : {}) });
  terminal.note(`${name} (${role.toLowerCase()}${answer.token.project ? ` in ${answer.token.project.name}` : ''}), ${answer.token.id}`);
  if (isInFile) return terminal.note(`The token is in ${printable(passwordFile ?? '')}.`);
  terminal.line(String(answer.secret));
  terminal.note('The token is told this once.');
}
