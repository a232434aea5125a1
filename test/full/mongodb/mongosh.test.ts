/** The first write of a person with the stock shell. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installMongosh, runMongosh, type ShellResult } from '../../e2e/mongodb/mongosh.ts';
import { password, useServer } from '../../e2e/mongodb/server.ts';

const awkward = "O'Brien;*|<>?#&%41ß";

describe('mongosh', () => {
  const server = useServer();
  let [program, home] = ['', ''];
  const shell = (user: string, database: string | null, script: string, secret = password): Promise<ShellResult> => runMongosh(program, server.harness.facts, { user, password: secret, database }, home, script);
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'coffer-mongosh-'));
    program = await installMongosh();
    await server.user('ann', { shop: [] });
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('connects by the manifest\'s command, asks for the password, writes and reads', async () => {
    const told = await shell('ann', 'shop', 'db.goods.insertOne({ _id: 1, n: 41 }); db.goods.updateOne({ _id: 1 }, { $inc: { n: 1 } }); print(db.getName(), db.goods.findOne().n, db.version(), db.hello().setName)');
    expect(told).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('shop 42 6.0.5 rs0') });
    expect(told.args.join(' ')).not.toContain(password);
  });
  it('is refused with a wrong password, and in another database', async () => {
    const wrong = await shell('ann', 'shop', '1', 'wrong');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.stderr).toContain('Authentication failed');
    await server.harness.call('databases.create', [{ name: 'vault' }]);
    expect((await shell('ann', 'vault', 'db.goods.insertOne({})')).stderr).toMatch(/not authorized on vault/);
  });
  it('takes an awkward name of a user and of a database as it is', async () => {
    await server.harness.call('databases.create', [{ name: awkward }]);
    await server.user(awkward, { [awkward]: [] });
    expect((await shell(awkward, awkward, 'db.goods.insertOne({}); print(db.getName())')).stdout).toContain(awkward);
  });
  it('shows root what there is', async () => {
    await server.harness.call('root.enable', [password]);
    expect((await shell('root', null, 'print(db.adminCommand({ listDatabases: 1 }).databases.map((one) => one.name).join())')).stdout).toContain('admin,config,local,shop,vault');
  });
});
