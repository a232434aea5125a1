/** A new build of the track that a MariaDB or MySQL has: as a security fix comes, or one that does not start. */
import { chmod, mkdir, mkdtemp, realpath, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import mariadb from '../../../strategies/datastores/mariadb/index.ts';
import mysql from '../../../strategies/datastores/mysql/index.ts';
import { binary, create, finish, processesOf, show, succeed } from '../../support/actions.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { askInstance } from '../../support/sql-family/stock-client.ts';
import { checkUpgrade, upgrade, upgraded } from '../../support/upgrade.ts';

describe.each([
  { ...mariadb, version: '11.8', client: 'mariadb', server: 'mariadbd' },
  { ...mysql, version: '9.7', client: 'mysql', server: 'mysqld' },
])('$manifest.title', ({ manifest, version, client, server }) => {
  const datastore = manifest.id;
  let coffer: Installation;
  let folder: string;
  let id = '';
  let login: { user: string; password: string; database: string };
  /** its client goes on */
  let first: string;
  const ask = async (sql: string): Promise<string> => askInstance(manifest, client)({ ...(await show(coffer.client, id)), build: first }, login, sql);
  const flag = (): string => join(folder, 'broken');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-next-build-'));
    const [engines, programs] = [join(folder, 'engines'), join(folder, 'programs')];
    const from = join(await realpath(enginesFolder), 'builds');
    for (const path of [join(engines, 'builds'), join(programs, 'bin'), join(programs, 'sbin')]) await mkdir(path, { recursive: true });
    for (const name of (await readdir(from)).filter((entry) => !entry.startsWith('.'))) await symlink(join(from, name), join(engines, 'builds', name));
    coffer = await startInstallation({ env: { COFFER_ENGINES_FOLDER: engines } });
    const made = await create(coffer.client, { name: 'fixed', datastore, version, flavor: 'micro', databases: [{ name: 'app' }], users: [{ name: 'anna', databases: ['app'] }] });
    await succeed(coffer.client, made.operationId);
    id = made.id;
    login = { user: 'anna', password: made.passwords['anna']!, database: 'app' };
    first = (await show(coffer.client, id)).build;
    await ask("create table kept (word varchar(10)); insert into kept values ('here')");

    // Programs that stand for the next build: those of the present one, unless they are broken.
    const bin = dirname(await binary(enginesFolder, first, client));
    const scripts = { [`bin/${client}`]: `exec ${join(bin, client)} "$@"`, [`sbin/${server}`]: `[ -e ${flag()} ] && [ "$1" != --version ] && { echo "this build is broken" >&2; exit 3; }\nexec ${join(bin, '../sbin', server)} "$@"` };
    for (const [name, text] of Object.entries(scripts)) await writeFile(join(programs, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    for (const name of ['share', 'lib']) await symlink(join(bin, '..', name), join(programs, name));
    for (const path of [folder, engines, join(engines, 'builds'), programs, ...Object.keys(scripts).map((name) => join(programs, name)), join(programs, 'bin'), join(programs, 'sbin')]) await chmod(path, 0o755);
    await coffer.end();
    await coffer.start({ COFFER_ENGINE_PATHS: `${datastore}/${version}=${join(programs, 'bin')}` });
    const { installEngine } = await coffer.client.query('mutation ($input: InstallEngineInput!) { installEngine(input: $input) { ... on InstallEnginePayload { operation { id } } ... on Error { message } } }', { input: { datastore, version } });
    await succeed(coffer.client, installEngine.operation.id);
  });
  afterAll(async () => {
    await coffer?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('nothing stops for it while a distributed transaction is prepared', async () => {
    await ask("xa start 'left'; insert into kept values ('later'); xa end 'left'; xa prepare 'left'");
    const before = await processesOf(id);
    const asked = await checkUpgrade(coffer.client, { instanceId: id, version });
    expect(asked.findings).toEqual([{ severity: 'ERROR', subject: expect.any(String), message: expect.stringMatching(/XA COMMIT .*XA ROLLBACK /) }]);
    const answer = await upgrade(coffer.client, { instanceId: id, version });
    expect(await finish(coffer.client, answer.operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE', message: expect.stringContaining(asked.findings[0]!.message) } });
    expect((await processesOf(id)).map(({ pid }) => pid)).toEqual(expect.arrayContaining(before.map(({ pid }) => pid)));
    // In the words of the finding.
    await ask(/XA ROLLBACK .*$/.exec(asked.findings[0]!.message)![0]);
    expect(await checkUpgrade(coffer.client, { instanceId: id, version })).toMatchObject({ findings: [] });
  });

  it('one that does not start leaves it as it was', async () => {
    await writeFile(flag(), '');
    const answer = await upgrade(coffer.client, { instanceId: id, version });
    expect(await finish(coffer.client, answer.operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START', message: expect.stringContaining('this build is broken') } });
    expect(await show(coffer.client, id)).toMatchObject({ status: 'ACTIVE', build: first });
    expect(await ask('select word from kept')).toBe('here');
    await rm(flag());
  });

  it('one that starts has its data, users, passwords and endpoints', async () => {
    const before = await show(coffer.client, id);
    await upgraded(coffer.client, { instanceId: id, version });
    const after = await show(coffer.client, id);
    expect(after).toMatchObject({ status: 'ACTIVE', fault: null, endpoints: before.endpoints, datastoreVersion: { name: version } });
    expect(after.build).not.toBe(first);
    expect(await ask('select word from kept')).toBe('here');
    await ask("insert into kept values ('after')");
    const { createDatabases } = await coffer.client.query('mutation ($input: CreateDatabasesInput!) { createDatabases(input: $input) { ... on CreateDatabasesPayload { operation { id } } ... on Error { message } } }', { input: { instanceId: id, databases: [{ name: 'later' }] } });
    await succeed(coffer.client, createDatabases.operation.id);
    expect(await upgrade(coffer.client, { instanceId: id, version })).toMatchObject({ __typename: 'PreconditionError', message: expect.stringContaining('newest build') });
  });
});
