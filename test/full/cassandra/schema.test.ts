/**
 * A kill in the middle of a change of the schema. The server writes one to its commit log, then to the files of its tables; a start reads those
 * files before the log, so that after a kill between the two the tables of keyspaces tell what the server does not go by.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useServer } from '../../e2e/cassandra/server.ts';

const startTimeoutMs = 120_000;

describe('what was cut off between commit log and table', () => {
  const server = useServer(3, { isStarted: true });
  const create = (name: string): Promise<void> => server.harness.call('databases.create', [{ name }]);
  const isUsed = async (database: string): Promise<void> => {
    await server.user(database, { [database]: [] });
    await server.ask(database, `create table "${database}".kept (a int primary key)`);
  };
  beforeAll(async () => {
    await create('gone');
    await server.harness.call('stop', ['orderly']);
    // By a server that never comes to the second half, whenever it is killed.
    const { bin, config, data } = server.harness.facts.paths;
    const { uid, gid } = await stat(data);
    const cut = spawn(join(bin, 'java'), ['-Dcassandra.test.flush_local_schema_changes=false', `@${join(config, 'jvm.options')}`, 'org.apache.cassandra.service.CassandraDaemon'], { cwd: data, uid, gid, stdio: 'ignore' });
    await vi.waitUntil(() => server.driver.ask(server.management, 'select key from system.local').then(() => true, () => false), { timeout: startTimeoutMs });
    await server.driver.ask(server.management, `create keyspace "Half" with replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}`);
    await server.driver.ask(server.management, 'drop keyspace gone');
    cut.kill('SIGKILL');
    await once(cut, 'exit');
    await server.harness.call('start', []);
  }, 3 * startTimeoutMs);

  it('a keyspace that was being made is made by the repeat, and of use', async () => {
    expect((await server.harness.call('databases.list', [])).map(({ name }) => name)).not.toContain('Half');
    await create('Half');
    await isUsed('Half');
    expect((await server.harness.call('databases.list', [])).map(({ name }) => name)).toContain('Half');
  });
  it('a keyspace that was being deleted is deleted by the repeat, and its name is free', async () => {
    await server.harness.call('databases.delete', ['gone']);
    await expect(server.harness.call('databases.delete', ['gone'])).rejects.toMatchObject({ code: 'MISSING' });
    await create('gone');
    await isUsed('gone');
  });
});
