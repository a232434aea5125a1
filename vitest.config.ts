/**
 * Kinds of tests, cheapest first; `npm test` runs all but the last, in this order.
 *
 * - unit         decisions and formats: no process, no network, no clock but a given one
 * - integration  one part against what it really talks to, mostly the embedded PostgreSQL
 * - e2e          the whole system with real engines, and each engine by itself (the kit, its stock client, attacks)
 * - fault        the whole system while something is killed, stopped, cut off or full
 * - full         engines as in e2e, for hours that nobody waits: the kit's fault tier, further tracks and users
 *
 * No retries anywhere: a test that fails sometimes has found something.
 */
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SECOND_MS = 1000;

type Options = NonNullable<TestProjectInlineConfiguration['test']>;

const project = (name: string, options: Options): TestProjectInlineConfiguration => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node',
    pool: 'forks',
    retry: 0,
    ...options,
  },
});

/** Where files run side by side the longest shall not begin last; vitest knows them only after a first run. */
const LONGEST = [
  ...['crash-matrix', 'crash-matrix-changes', 'zombie', 'engine-faults', 'delete', 'full-disk', 'store-killed'].map((name) => `/test/fault/${name}.test.ts`),
  ...['mysql/conformance', 'postgresql/conformance-17', 'mongodb/conformance', 'configuration/groups.e2e', 'redis/conformance-8', 'cassandra/attacks'].map((name) => `/test/e2e/${name}.test.ts`),
  ...['agent/crashes', 'agent/configuration', 'agents/real-agent', 'operations/crash', 'agent/supervision', 'operations/operations'].map((name) => `/test/integration/${name}.test.ts`),
];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const turnOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => turnOf(a) - turnOf(b));
  }
}

/** Hooks may have to fetch an engine first. */
const WITH_ENGINES: Options = { globalSetup: ['test/support/engines-setup.ts'], hookTimeout: 600 * SECOND_MS };

/** On two cores: much of the time something is waited for, a lease that runs out, a silence that is noticed. */
const WAITING_WORKERS = 3;

/**
 * The conditions Node itself resolves with. By Vite's own, graphql was loaded once in each of its two forms. Do not
 * add "import": it is then given to `require` as well, and pg can no longer be loaded.
 */
const CONDITIONS = ['module-sync', 'node'];

export default defineConfig({
  ssr: { resolve: { conditions: CONDITIONS, externalConditions: CONDITIONS } },
  test: {
    passWithNoTests: true,
    teardownTimeout: 20 * SECOND_MS,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Pure, so that files may share what they load: half of the time was loading.
      project('unit', { isolate: false, testTimeout: 5 * SECOND_MS, hookTimeout: 10 * SECOND_MS }),
      project('integration', { maxWorkers: WAITING_WORKERS, globalSetup: ['test/support/redis-setup.ts'], testTimeout: 30 * SECOND_MS, hookTimeout: 60 * SECOND_MS }),
      project('e2e', { ...WITH_ENGINES, maxWorkers: WAITING_WORKERS, testTimeout: 180 * SECOND_MS }),
      // Each of these takes the machine for itself.
      project('full', { ...WITH_ENGINES, fileParallelism: false, testTimeout: 300 * SECOND_MS }),
      project('fault', { ...WITH_ENGINES, maxWorkers: WAITING_WORKERS, testTimeout: 240 * SECOND_MS }),
    ],
  },
});
