/** What `npm run check` looks at. Each check answers its problems as lines; none means all is well. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { cruiseArchitecture } from './architecture/cruise.ts';
import { findEngineNames } from './architecture/engine-names.ts';
import { BASELINE, checkBuf } from './buf.ts';
import { filesBelow } from './fingerprint.mjs';
import { ROOT, runCommand } from './run.ts';

export interface Check {
  name: string;
  /** The command that repairs or repeats it, for the message. */
  remedy: string;
  run(): Promise<string[]>;
}

/** A cruiser that lost its parser sees a handful of modules and no violation. */
const FEWEST_MODULES = 50;
/** Folders that may hold the source of a reference page. */
const PAGE_ROOMS = ['cli', 'gateway', 'kernel', 'strategies'];

const tool = (name: string, program: string, args: string[], remedy = `npx ${[program, ...args].join(' ')}`): Check => ({
  name,
  remedy,
  async run() {
    const { code, output } = await runCommand(program, args);
    return code === 0 ? [] : output.split('\n').filter((line) => line.trim() !== '');
  },
});

const script = (name: string, path: string, args: string[], remedy: string): Check => ({
  ...tool(name, process.execPath, [path, ...args], remedy),
});

export const CHECKS: Check[] = [
  tool('types', 'tsc', ['--noEmit']),
  tool('lint', 'oxlint', ['--format=unix', '--deny-warnings'], 'npx oxlint --fix, then by hand'),
  { name: 'architecture', remedy: 'docs/architecture.md says who may import whom', run: checkArchitecture },
  { name: 'engine names', remedy: 'ask a capability of the plugin instead', run: checkEngineNames },
  tool('dead code', 'knip', ['--no-progress', '--no-config-hints']),
  { name: 'contracts', remedy: 'proto/ may only grow; at a release: node codegen.ts baseline', run: checkContracts },
  script('migrations', 'scripts/migration.ts', ['check'], 'node scripts/migration.ts new <name>'),
  script('lock file', 'scripts/complete-lock.mjs', ['--check'], 'node scripts/complete-lock.mjs'),
  { name: 'GraphQL schema', remedy: 'node gateway/graphql/print-schema.ts', run: checkGraphqlSchema },
  { name: 'reference', remedy: 'node <…>-page.ts writes the page', run: checkReference },
];

async function checkArchitecture(): Promise<string[]> {
  const { moduleCount, violations } = await cruiseArchitecture(ROOT);
  const tooFew = moduleCount < FEWEST_MODULES ? [`only ${moduleCount} modules were seen: the parser does not work`] : [];
  return [...tooFew, ...violations.map(({ rule, from, to, why }) => `${rule}: ${from} → ${to} (${why})`)];
}

async function checkEngineNames(): Promise<string[]> {
  return (await findEngineNames(ROOT)).map(({ file, line, text, name }) => `${file}:${line} names ${name}: ${text.slice(0, 80)}`);
}

async function checkContracts(): Promise<string[]> {
  const hasBaseline = existsSync(join(ROOT, 'proto', BASELINE));
  return [
    ...(await checkBuf(['lint'])),
    ...(hasBaseline ? await checkBuf(['breaking', '--against', BASELINE]) : [`proto/${BASELINE} is missing: node codegen.ts baseline`]),
  ];
}

async function checkGraphqlSchema(): Promise<string[]> {
  const printer = join(ROOT, 'gateway/graphql/print-schema.ts');
  const snapshot = join(ROOT, 'gateway/graphql/schema.graphql');
  if (!existsSync(printer)) return [];
  const { code, output } = await runCommand(process.execPath, [printer, '--stdout']);
  if (code !== 0) return output.split('\n');
  const isSame = existsSync(snapshot) && (await readFile(snapshot, 'utf8')).trim() === output.trim();
  return isSame ? [] : ['gateway/graphql/schema.graphql is not what the code makes'];
}

/** Each `<name>-page.ts` exports one function `render…`, whose text is `docs/reference/<name>.md`. */
async function checkReference(): Promise<string[]> {
  const pages = PAGE_ROOMS.flatMap((room) => filesBelow(join(ROOT, room))).filter((file) => file.endsWith('-page.ts'));
  return (await Promise.all(pages.map(comparePage))).flat();
}

async function comparePage(file: string): Promise<string[]> {
  const module = (await import(file)) as Record<string, unknown>;
  const render = Object.entries(module).find(([name, value]) => name.startsWith('render') && typeof value === 'function')?.[1];
  if (!render) return [`${relative(ROOT, file)} exports no render function`];
  const page = join('docs/reference', basename(file).replace('-page.ts', '.md'));
  const text = await readFile(join(ROOT, page), 'utf8').catch(() => '');
  return text === (render as () => string)() ? [] : [`${page} is not what the code makes: node ${relative(ROOT, file)}`];
}
