/** Engines that take their time, for the matrix on demand: each is entered by the stock client that its own tests bring. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConformanceFixture, HarnessFacts } from '../../../strategies/conformance/index.ts';
import { fixtureOf as cassandraFixture } from '../../e2e/cassandra/fixture.ts';
import { fixtureOf as mariadbFixture } from '../../e2e/mariadb/fixture.ts';
import { fixtureOf as mongodbFixture } from '../../e2e/mongodb/fixture.ts';
import { fixtureOf as mysqlFixture } from '../../e2e/mysql/fixture.ts';
import { binary } from '../../support/actions.ts';
import { enginesFolder } from '../../support/installation.ts';
import type { EngineUnderTest } from './engines.ts';

const database = 'shop';

/** `program`: how its processes are known, and its client's folder found. */
const engineOf = (fixture: ConformanceFixture, { program, isProcess }: { program: string; isProcess: RegExp }): EngineUnderTest => ({
  name: fixture.plugin.manifest.id, datastore: fixture.plugin.manifest.id, version: fixture.track, hasDatabases: true, grant: { database, privileges: [] },
  input: { flavor: 'small', databases: [{ name: database }], users: [{ name: 'app', databases: [database] }] },
  async login(instance, user, password) {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-ca-'));
    try {
      const caFile = join(folder, 'ca.pem');
      await writeFile(caFile, instance.caCertificate);
      const [{ host, port }] = instance.endpoints;
      const client = fixture.plugin.manifest.ports.find(({ purpose }) => purpose === 'client')!.name;
      // What the clients of these engines read of it.
      const facts = { host, ports: { [client]: port }, caFile, caCertificate: instance.caCertificate, paths: { bin: dirname(await binary(enginesFolder, instance.build, program)) } } as unknown as HarnessFacts;
      await fixture.client(facts).write({ user, password, database }, 'matrix', 'seen');
      return 'in';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  isOneEngine: (processes) => processes.length === 1 && isProcess.test(processes[0]!.command),
});

export const furtherEngines: readonly EngineUnderTest[] = [
  engineOf(mysqlFixture(), { program: 'mysql', isProcess: /\bmysqld\b/ }),
  engineOf(mariadbFixture('11.8'), { program: 'mariadb', isProcess: /\bmariadbd\b/ }),
  engineOf(mongodbFixture(), { program: 'mongod', isProcess: /\bmongod\b/ }),
  engineOf(cassandraFixture(0), { program: 'java', isProcess: /\bjava\b/ }),
];
