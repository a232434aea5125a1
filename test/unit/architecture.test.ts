import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cruiseArchitecture } from '../../scripts/architecture/cruise.ts';
import { engineNameIn, findEngineNames } from '../../scripts/architecture/engine-names.ts';
import { RULES } from '../../scripts/architecture/rules.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A repository of the given files; packages are there to be imported. */
async function tree(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'coffer-architecture-'));
  folders.push(root);
  const packages = ['pg', '@prisma/adapter-pg', 'zod'];
  const all = {
    ...Object.fromEntries(packages.flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
      [`node_modules/${name}/index.js`, 'export const x = 1;'],
    ])),
    'package.json': JSON.stringify({ type: 'module', dependencies: Object.fromEntries(packages.map((name) => [name, '1.0.0'])) }),
    'kernel/clock.ts': 'export const now = 1;',
    'strategies/spi/manifest.ts': "import { now } from '../../kernel/clock.ts'; export const manifest = now;",
    'gateway/store/store.ts': "import 'pg'; export const store = 1;",
    'gateway/graphql/api.ts': 'export const api = 1;',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

async function rulesBrokenBy(files: Record<string, string>): Promise<string[]> {
  const { violations } = await cruiseArchitecture(await tree(files));
  return [...new Set(violations.map(({ rule }) => rule))].sort();
}

const importing = (...paths: string[]) => paths.map((path) => `import '${path}';`).join('\n');
const guest = { 'strategies/datastores/alpha/guest/index.ts': 'export const guest = 1;' };

/** Rule → the smallest tree that breaks it. */
const VIOLATIONS: Record<string, Record<string, string>[]> = {
  'kernel-stands-alone': [{ 'kernel/a.ts': importing('../gateway/store/store.ts') }],
  'spi-imports-kernel-only': [
    { 'strategies/spi/a.ts': importing('../registry.ts'), 'strategies/registry.ts': 'export {};' },
    { 'strategies/spi/a.ts': importing('zod') },
  ],
  'datastore-stays-home': [
    { 'strategies/datastores/beta/index.ts': importing('../alpha/guest/index.ts'), ...guest },
    { 'strategies/datastores/beta/index.ts': importing('../../sources/a.ts'), 'strategies/sources/a.ts': 'export {};' },
  ],
  'family-knows-no-engine': [
    { 'strategies/datastores/greek-family/a.ts': importing('../alpha/guest/index.ts'), ...guest },
    { 'strategies/datastores/greek-family/a.ts': importing('../latin-family/a.ts'), 'strategies/datastores/latin-family/a.ts': 'export {};' },
  ],
  'strategies-know-no-room': [{ 'strategies/registry.ts': importing('../agent/a.ts'), 'agent/a.ts': 'export {};' }],
  'gateway-never-imports-a-guest-half': [
    { 'gateway/a.ts': importing('../strategies/datastores/alpha/guest/index.ts'), ...guest },
    { 'gateway/a.ts': "export const load = () => import('../strategies/datastores/alpha/guest.ts');", 'strategies/datastores/alpha/guest.ts': 'export {};' },
  ],
  'agent-never-imports-the-gateway': [
    { 'agent/a.ts': importing('../gateway/graphql/api.ts') },
    { 'agent/a.ts': "import type { api } from '../gateway/graphql/api.ts'; export type Api = typeof api;" },
  ],
  'host-and-compute-never-import-the-gateway': [
    { 'host/a.ts': importing('../gateway/graphql/api.ts') },
    { 'compute/a.ts': importing('../gateway/graphql/api.ts') },
  ],
  'sdk-is-the-spi': [{ 'sdk/index.ts': importing('../gateway/graphql/api.ts') }, { 'sdk/index.ts': importing('zod') }],
  'nobody-needs-the-kit': [{ 'agent/a.ts': importing('../kit/a.ts'), 'kit/a.ts': 'export {};' }],
  'examples-stand-alone': [{ 'examples/plugins/one/index.js': importing('../../../kernel/clock.ts') }],
  'nobody-imports-examples': [{ 'test/a.ts': importing('../examples/plugins/one/index.js'), 'examples/plugins/one/index.js': 'export {};' }],
  'cli-knows-graphql-only': [{ 'cli/main.ts': importing('../kernel/clock.ts') }],
  'prisma-stays-in-the-workshop': [{ 'gateway/store/a.ts': importing('@prisma/adapter-pg') }],
  'only-the-store-imports-pg': [{ 'gateway/domain/a.ts': importing('pg') }],
  'no-cycles': [{ 'agent/a.ts': importing('./b.ts'), 'agent/b.ts': importing('./a.ts') }],
  'nothing-unresolvable': [{ 'agent/a.ts': importing('./gone.ts') }],
  'only-a-composition-composes': [{ 'gateway/a.ts': importing('./store/store.ts', './graphql/api.ts') }],
};

for (const [rule, trees] of Object.entries(VIOLATIONS)) {
  for (const [index, files] of trees.entries()) {
    test(`${rule} is noticed (${index + 1})`, async () => {
      expect(await rulesBrokenBy(files)).toContain(rule);
    });
  }
}

test('every rule has a tree that breaks it', () => {
  expect(RULES.map(({ name }) => name).filter((name) => !VIOLATIONS[name ?? ''])).toEqual([]);
});

test('what the rules allow breaks none of them', async () => {
  const files = {
    'gateway/composition.ts': importing('./store/store.ts', './graphql/api.ts'),
    'strategies/datastores/alpha/index.ts': importing('./guest/index.ts', '../greek-family/a.ts', '../../spi/manifest.ts', 'pg', 'zod', 'node:fs'),
    'strategies/datastores/greek-family/a.ts': importing('../../spi/manifest.ts'),
    'agent/a.ts': importing('../strategies/datastores/alpha/index.ts', '../kernel/clock.ts'),
    'cli/main.ts': importing('./generated/documents.ts', 'zod'),
    'cli/generated/documents.ts': 'export {};',
    'test/a.ts': importing('../gateway/store/store.ts', '../gateway/graphql/api.ts', 'pg'),
    ...guest,
  };
  expect(await rulesBrokenBy(files)).toEqual([]);
});

test('a module with a using declaration is read like any other', async () => {
  const files = { 'agent/a.ts': "import '../gateway/graphql/api.ts';\nfunction f(open: () => Disposable) { using file = open(); return file; }\nf" };
  expect(await rulesBrokenBy(files)).toEqual(['agent-never-imports-the-gateway']);
});

test('modules are counted, so that a broken parser is noticed', async () => {
  const { moduleCount } = await cruiseArchitecture(await tree({}));
  expect(moduleCount).toBe(4);
});

test.each([
  ['gateway/a.ts', "export const kind = 'postgresql';"],
  ['agent/a.ts', 'export const isRedisReady = true;'],
  ['kernel/a.ts', 'export const image = `mysql:${1}`;'],
  ['strategies/sources/a.ts', 'export interface A { mongoPort: number }'],
  ['cli/a.ts', 'export const MARIADB_PORT = 1;'],
])('an engine’s name in %s is noticed: %s', async (path, text) => {
  expect(await findEngineNames(await tree({ [path]: text }))).toMatchObject([{ file: path, line: 1 }]);
});

test('comments, descriptions, plugins and the store may name an engine', async () => {
  const files = {
    'gateway/a.ts': "// as PostgreSQL does\nexport const field = { description: 'Such as `redis`.', value: 'redistribute' };",
    'strategies/datastores/alpha/index.ts': "export const id = 'valkey';",
    'gateway/store/a.ts': "export const url = 'postgresql://';",
  };
  expect(await findEngineNames(await tree(files))).toEqual([]);
});

test.each([
  ['postgresUrl', 'postgres'],
  ['PostgreSQLStore', 'postgres'],
  ['MYSQL_PORT', 'mysql'],
  ['mongosh', 'mongo'],
  ['redis:7', 'redis'],
  ['redistribute', undefined],
  ['predisposed', undefined],
])('%s holds %s', (text, name) => {
  expect(engineNameIn(text)).toBe(name);
});
