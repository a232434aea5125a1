/** Engines that take their time, for the matrix on demand: each is entered by the stock client that its own tests bring. */
import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { fixtureOf as cassandraFixture } from '../../e2e/cassandra/fixture.ts';
import { fixtureOf as mariadbFixture } from '../../e2e/mariadb/fixture.ts';
import { fixtureOf as mongodbFixture } from '../../e2e/mongodb/fixture.ts';
import { fixtureOf as mysqlFixture } from '../../e2e/mysql/fixture.ts';
import { withFacts } from '../../support/instance-facts.ts';
import type { EngineUnderTest } from './engines.ts';

const database = 'shop';

/** `program`: how its processes are known, and its client's folder found. */
const engineOf = (fixture: ConformanceFixture, { program, isProcess }: { program: string; isProcess: RegExp }): EngineUnderTest => ({
  name: fixture.plugin.manifest.id, datastore: fixture.plugin.manifest.id, version: fixture.track, hasDatabases: true, grant: { database, privileges: [] },
  input: { flavor: 'small', databases: [{ name: database }], users: [{ name: 'app', databases: [database] }] },
  async login(instance, user, password) {
    try {
      await withFacts(fixture.plugin.manifest, program, instance, (facts) => fixture.client(facts).write({ user, password, database }, 'matrix', 'seen'));
      return 'in';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
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
