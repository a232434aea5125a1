/**
 * The static tier in a process of its own, without rights: it may read files to load the plugin and nothing else. Once
 * the plugin is loaded every door to the outside is a trap: a control half only computes.
 */
import { answersOf, staticChecks, subjectOf } from '../../strategies/conformance/static.ts';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';
import type { PluginFixture } from '../fixture.ts';
import { guardDoors } from './doors.ts';
import { shiftedDate } from './shifted-clock.ts';

export interface StaticTask { fixture: string; /** this run's clock is so far ahead: an answer must not depend on it */ clockAheadMs: number }
export type StaticMessage =
  | { kind: 'loaded'; plugin: string; version: string; apiVersion: string; tracks: string[]; defaultTrack: string }
  | { kind: 'checked'; capability: string; rule: string; problems: string[]; warnings: string[]; tookMs: number }
  | { kind: 'answered'; answers: string[]; doors: string[] }
  | { kind: 'failed'; message: string };

const task = JSON.parse(process.argv[2] ?? '') as StaticTask;
const tell = (message: StaticMessage): void => void process.send?.(message);
const doors = guardDoors();
globalThis.Date = shiftedDate(Date, task.clockAheadMs);

async function main(): Promise<void> {
  const fixture = ((await import(task.fixture)) as { default: PluginFixture }).default;
  const plugin: DatastorePlugin = ((await import(fixture.module)) as { default: DatastorePlugin }).default;
  const { manifest } = plugin;
  const tracks = manifest.tracks.map(({ name }) => name);
  tell({ kind: 'loaded', plugin: manifest.id, version: manifest.version, apiVersion: manifest.apiVersion, tracks, defaultTrack: manifest.tracks.find((one) => one.default)?.name ?? tracks[0] ?? '' });
  const subject = subjectOf(plugin, await plugin.guest(), fixture.samples);
  // Catalogues are large and may be modules that are imported when they are first asked for; once they are, nothing is read.
  for (const track of tracks) await plugin.control.parameters?.({ track }).catch(() => undefined);
  doors.close();
  for (const { capability, rule, find } of staticChecks) {
    const since = performance.now();
    const found = await find(subject).catch((error: unknown) => [{ level: 'problem' as const, text: error instanceof Error ? error.message : String(error) }]);
    const of = (level: string): string[] => found.filter((one) => one.level === level).map(({ text }) => text);
    tell({ kind: 'checked', capability, rule, problems: of('problem'), warnings: of('warning'), tookMs: performance.now() - since });
  }
  tell({ kind: 'answered', answers: await answersOf(subject).catch((error: unknown) => [String(error)]), doors: [...doors.used] });
}

await main().catch((error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }));
process.disconnect?.();
