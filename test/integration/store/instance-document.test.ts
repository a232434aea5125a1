/** The document of an instance is made by the store, whoever writes the row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstanceDoc } from '../../../gateway/domain/instance/document.ts';
import { selectInstanceDocs } from '../../../gateway/store/instance-document.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore, type TestStore } from '../../support/store.ts';

let postgres: TestPostgres;
let test: TestStore;
beforeAll(async () => {
  postgres = await startTestPostgres();
  test = await createTestStore(postgres);
  await test.store.query(
    `insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, management_secret)
     values ('inst_1', 'proj_1', 'db', 'postgresql', '17', 'dsv_1', 'flv_1', 5, 'directory', 'host_1', 'r', 'z', 'RUNNING', 'BUILDING', '\\x00')`);
});
afterAll(async () => {
  await test.store.close();
  await postgres.stop();
});

/** Complete, because a key too few or too many does not compile. */
const keys: Record<keyof InstanceDoc, true> = {
  id: true, projectId: true, name: true, datastore: true, track: true, versionId: true, buildId: true, buildVersion: true, flavorId: true, volumeGb: true, volumeType: true,
  volumeUsedBytes: true, volumeUsedAt: true, volumeAutoscaling: true, hostId: true, region: true, zone: true, intent: true, status: true, role: true, conditions: true, endpoints: true, task: true, fault: true, capabilities: true,
  rootEnabledEver: true, deletionProtection: true, maintenance: true, tags: true, caCertificate: true, configuration: true, revision: true, createdAt: true, updatedAt: true, deletedAt: true,
};
const read = async (): Promise<InstanceDoc> => (await selectInstanceDocs(test.store, 'i.id = $1', ['inst_1']))[0]!;

describe('the document of an instance', () => {
  it('has all that the API shows, and nothing else', async () => {
    expect(Object.keys(await read()).sort()).toEqual(Object.keys(keys).sort());
  });

  it('follows every column that is in it', async () => {
    const changes: [column: string, value: string, seen: Partial<InstanceDoc>][] = [
      ['name', `'it''s "quoted" \\ ü'`, { name: 'it\'s "quoted" \\ ü' }], ['build_id', `'b-1'`, { buildId: 'b-1' }], ['volume_used_bytes', '7', { volumeUsedBytes: 7 }], ['status', `'ACTIVE'`, { status: 'ACTIVE' }],
      ['intent', `'STOPPED'`, { intent: 'STOPPED' }], ['agent', `'{"capabilities": ["USERS"]}'`, { capabilities: ['USERS'] as never }], ['tags', `'[{"key": "a", "value": "b"}]'`, { tags: [{ key: 'a', value: 'b' }] }],
      ['endpoints', `'[{"port": 1}]'`, { endpoints: [{ port: 1 }] as never }], ['task', `'{"id": "op_1"}'`, { task: { id: 'op_1' } as never }], ['fault', `'{"code": "X"}'`, { fault: { code: 'X' } as never }],
      ['maintenance', `'{"day": "MONDAY"}'`, { maintenance: { day: 'MONDAY' } as never }], ['conditions', `'[{"type": "T"}]'`, { conditions: [{ type: 'T' }] as never }], ['engine_ca', `E'a\\nb'`, { caCertificate: 'a\nb' }],
      ['configuration_id', `'cfg_1'`, { configuration: { id: 'cfg_1', revision: null as never } }], ['configuration_revision', '3', { configuration: { id: 'cfg_1', revision: 3 } }],
      ['root_enabled_ever', 'true', { rootEnabledEver: true }], ['deletion_protection', 'true', { deletionProtection: true }], ['revision', '9', { revision: 9 }],
      ['deleted_at', `'2026-01-02 03:04:05.6+02'`, { deletedAt: '2026-01-02T01:04:05.600Z' }],
    ];
    for (const [column, value, seen] of changes) {
      await test.store.query(`update instance set ${column} = ${value} where id = 'inst_1'`);
      expect(await read()).toMatchObject(seen);
    }
  });

  it('is not made again by what agents report all the time', async () => {
    // A value that no trigger would give shows whether one has run.
    await test.store.query(`alter table instance disable trigger instance_document`);
    await test.store.query(`update instance set document = '{"kept": true}'`);
    await test.store.query(`alter table instance enable trigger instance_document`);
    await test.store.query(`update instance set agent_seen_at = now(), observed_at = now(), report_counter = 5, agent_connected = false, epoch = 4`);
    expect(await read()).toEqual({ kept: true });
    await test.store.query(`update instance set zone = 'y'`);
    expect(await read()).toMatchObject({ zone: 'y' });
  });
});
