/** The stock client of a person: password from a file that is gone with it, the server's certificate judged by the CA. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { askCqlsh, hasPython, installCqlsh } from '../../e2e/cassandra/cqlsh.ts';
import { password, useServer } from '../../e2e/cassandra/server.ts';
import { createSelfSigned } from '../../../strategies/datastores/cassandra/guest/self-signed.ts';

const isInstallable = await hasPython();

describe.runIf(isInstallable)('cqlsh', () => {
  const server = useServer(5, { isStarted: true });
  let programs = '';
  const ask = (user: string, statements: string, secret = password): Promise<string> => askCqlsh(programs, server.harness.facts, { ...server.login(user), password: secret }, statements);
  beforeAll(async () => { programs = await installCqlsh(); });

  it('logs in with the manifest\'s words and does a first write', async () => {
    await server.user('app');
    await ask('app', `create table goods (name text primary key, price int); insert into goods (name, price) values ('tea', 3);`);
    expect(await ask('app', 'select name, price from goods')).toMatch(/tea \| +3/);
  });
  it.each(['dash', '%(here)s', 'p$&{user}', '"quoted"', `it's`, '# no comment ; really', '日本語', '[section]', '=', 'a'.repeat(72)])('takes the password %j', async (secret) => {
    await server.harness.call('users.create', [{ name: `pw ${secret.slice(0, 20).replace('\'', '')}`, password: secret, grants: [{ database: 'shop', privileges: [] }] }]);
    expect(await ask(`pw ${secret.slice(0, 20).replace('\'', '')}`, 'select release_version from system.local', secret)).toContain(server.harness.facts.version);
  });
  it.each(['-dash', 'O"quote', '{file:credentials}', '用户 名'])('takes the user %j', async (name) => {
    await server.user(name);
    expect(await ask(name, 'select release_version from system.local')).toContain(server.harness.facts.version);
  });
  it('is refused with a wrong password, and refuses a server of another CA', async () => {
    await server.user('late');
    await expect(ask('late', 'select release_version from system.local', 'wrong')).rejects.toThrow(/incorrect|AuthenticationFailed/);
    const otherCa = join(server.harness.facts.paths.config, 'other.pem');
    await writeFile(otherCa, (await createSelfSigned('other', Date.now())).certificate);
    await expect(askCqlsh(programs, server.harness.facts, server.login('late'), 'select 1', otherCa)).rejects.toThrow(/CERTIFICATE_VERIFY_FAILED|certificate verify failed/i);
  });
});

it.runIf(!isInstallable)('cqlsh is not looked at: there is no python3 of 3.10 or 3.11 here', ({ skip }) => skip());
