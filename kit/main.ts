/**
 * `coffer-plugin-kit`: puts a plugin through the conformance kit, in its own package or in this repository.
 *
 *     coffer-plugin-kit [static] [engine] [fault]      all three when none is named
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { tryListen } from '../kernel/try-listen.ts';
import { type Tier, tiers } from '../strategies/conformance/tiers.ts';
import type { DatastorePlugin } from '../strategies/spi/datastore.ts';
import type { EngineBuild } from '../strategies/spi/engine-source.ts';
import type { Manifest } from '../strategies/spi/manifest.ts';
import { ensureBuild } from './engine.ts';
import type { PluginFixture } from './fixture.ts';
import { renderJunit } from './report/junit.ts';
import { renderText } from './report/text.ts';
import { hasFailed, type KitReport, type RuleResult } from './results.ts';
import { runStatic } from './static/run-static.ts';
import { runCases } from './cases/run-cases.ts';

const exitCodes = { passed: 0, failed: 1, usage: 2 } as const;
const usage = `usage: coffer-plugin-kit [static] [engine] [fault] [options]

  static    seconds: manifest, names, and a control half that only computes
  engine    minutes: real binaries, the stock client
  fault     minutes: each method twice, killed, late, on a dead engine, on a full disk

  --fixture <file>      the plugin's fixture (./fixture.js)
  --track <name>        one of the manifest's; its default when left out
  --only <text>         only cases whose name contains it
  --one-user            agent and engine as one user, as in an installation without root
  --engines <folder>    where binaries are kept ($COFFER_TEST_ENGINES, else a temporary folder)
  --first-port <port>   of the engine (21690)
  --json <file>         the results as JSON; - is standard output
  --junit <file>        the results as JUnit's XML
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fixture: { type: 'string', default: 'fixture.js' }, track: { type: 'string' }, only: { type: 'string' }, 'one-user': { type: 'boolean', default: false },
      engines: { type: 'string', default: process.env['COFFER_TEST_ENGINES'] ?? join(tmpdir(), 'coffer-engines') }, 'first-port': { type: 'string', default: '21690' },
      json: { type: 'string' }, junit: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(usage), exitCodes.passed;
  const unknown = positionals.find((word) => !tiers.includes(word as Tier));
  if (unknown !== undefined) throw new UsageError(`there is no tier ${unknown}`);
  const wanted = tiers.filter((tier) => positionals.length === 0 || positionals.includes(tier));
  const isQuiet = values.json === '-';
  const note = (text: string): void => void (isQuiet || process.stderr.write(`${text}\n`));

  const fixture = pathToFileURL(resolve(values.fixture)).href;
  const { loaded, results } = await runStatic(fixture);
  const report: KitReport = { plugin: loaded?.plugin ?? values.fixture, version: loaded?.version ?? '', apiVersion: loaded?.apiVersion ?? '', track: values.track ?? loaded?.defaultTrack ?? '', engine: null, results };
  if (loaded && !loaded.tracks.includes(report.track)) throw new UsageError(`${loaded.plugin} has no track ${report.track}: ${loaded.tracks.join(', ')}`);
  const isSound = !hasFailed(report);
  const further = wanted.filter((tier) => tier !== 'static');
  if (isSound && further.length > 0) {
    const outcome = await runFurther({ fixture, track: report.track, tiers: further, engines: resolve(values.engines), isolated: !values['one-user'], firstPort: Number(values['first-port']), only: values.only, note });
    report.engine = outcome.engine;
    results.push(...outcome.results);
  } else for (const tier of further) results.push({ tier, capability: 'LIFE CYCLE', rule: `the ${tier} tier`, state: 'skipped', tookMs: 0, details: ['what is wrong without an engine comes first'] });

  if (values.json !== undefined && !isQuiet) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.junit !== undefined) await writeFile(values.junit, renderJunit(report));
  say(isQuiet ? `${JSON.stringify(report, null, 2)}\n` : `\n${renderText(report)}`);
  return hasFailed(report) ? exitCodes.failed : exitCodes.passed;
}

interface Further { fixture: string; track: string; tiers: Tier[]; engines: string; isolated: boolean; firstPort: number; only: string | undefined; note(text: string): void }

async function runFurther({ fixture, track, tiers: wanted, engines, isolated, firstPort, only, note }: Further): Promise<{ engine: string | null; results: RuleResult[] }> {
  const { plugin }: { plugin: DatastorePlugin } = ((await import(fixture)) as { default: PluginFixture }).default;
  const { id, tracks } = plugin.manifest;
  await mkdir(engines, { recursive: true });
  const since = performance.now();
  const installed = (details: string[]): RuleResult =>
    ({ tier: wanted[0] ?? 'engine', capability: 'LIFE CYCLE', rule: 'the binaries can be had from its sources', state: details.length > 0 ? 'failed' : 'passed', tookMs: performance.now() - since, details });
  const named = (name: string): Manifest['tracks'][number] | undefined => tracks.find((one) => one.name === name);
  let build: EngineBuild;
  const nextBuilds: EngineBuild[] = [];
  try {
    const ensured = (name: string): Promise<EngineBuild> => ensureBuild({ folder: engines, datastore: id, track: name, sources: named(name)?.sources ?? [], onProgress: note });
    build = await ensured(track);
    if (wanted.includes('engine')) for (const next of named(track)?.upgradesTo ?? []) nextBuilds.push(await ensured(next));
  } catch (error) {
    return { engine: null, results: [installed([error instanceof Error ? error.message : String(error)])] };
  }
  const had = installed([]);
  for (const [index] of plugin.manifest.ports.entries()) await requireFree(firstPort + index);
  const results = await runCases({
    task: { fixture, track, build, nextBuilds, tiers: wanted, isolated, firstPort }, ...(only === undefined ? {} : { only }),
    onResult: ({ tier, rule, state, tookMs }) => note(`${state === 'passed' ? '✓' : state === 'failed' ? '✗' : '-'} ${tier} · ${rule} (${Math.round(tookMs)} ms)`),
  });
  return { engine: build.version, results: [had, ...results] };
}

/** Before anything runs: what listens there would be taken for the engine under test, and told as its faults. */
async function requireFree(port: number): Promise<void> {
  const problem = await tryListen('127.0.0.1', port);
  if (problem !== null) throw new UsageError(`port ${port} cannot be had for the engine (${problem}): name others with --first-port`);
}

class UsageError extends Error {}
const say = (text: string): void => void process.stdout.write(text);

process.exitCode = await main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  process.stderr.write(isUsage ? `coffer-plugin-kit: ${(error as Error).message}\n${usage}` : `coffer-plugin-kit: ${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodes.usage;
});
