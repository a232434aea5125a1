/**
 * The static tier in a process of its own, without rights: it may read files to load the plugin and nothing else. Once
 * the plugin is loaded every door to the outside is a trap: a control half only computes.
 */
import child_process from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import { answersOf, staticChecks, subjectOf } from '../../strategies/conformance/static.ts';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';
import type { PluginFixture } from '../fixture.ts';

export interface StaticTask { fixture: string; /** this run's clock is so far ahead: an answer must not depend on it */ clockAheadMs: number }
export type StaticMessage =
  | { kind: 'loaded'; plugin: string; version: string; apiVersion: string; tracks: string[]; defaultTrack: string }
  | { kind: 'checked'; capability: string; rule: string; problems: string[]; warnings: string[]; tookMs: number }
  | { kind: 'answered'; answers: string[]; doors: string[] }
  | { kind: 'failed'; message: string };

const task = JSON.parse(process.argv[2] ?? '') as StaticTask;
const tell = (message: StaticMessage): void => void process.send?.(message);
const doors = new Set<string>();

function trap(owner: object, name: string, what: string): void {
  Object.defineProperty(owner, name, { configurable: true, value: () => { doors.add(what); throw new Error(`${what} in the control half`); } });
}

/** Named imports see it too. */
function closeDoors(): void {
  const opened = { fs, 'fs/promises': fs.promises, child_process, net, tls, dns, 'dns/promises': dns.promises, dgram, http, https };
  const opens = /^(access|append|chmod|chown|connect|copy|cp|create|exec|fork|get|glob|link|lookup|mkdir|mkdtemp|open|read|rename|request|resolve|reverse|rm|spawn|stat|symlink|truncate|unlink|utimes|watch|write|exists|lstat)/;
  for (const [module, owner] of Object.entries(opened)) {
    for (const name of Object.keys(owner).filter((key) => opens.test(key) && typeof (owner as Record<string, unknown>)[key] === 'function')) trap(owner, name, `${module}.${name}`);
  }
  for (const name of ['fetch', 'WebSocket', 'EventSource']) trap(globalThis, name, name);
  syncBuiltinESMExports();
}

const { now } = Date;
Date.now = () => now() + task.clockAheadMs;

async function main(): Promise<void> {
  const fixture = ((await import(task.fixture)) as { default: PluginFixture }).default;
  const plugin: DatastorePlugin = ((await import(fixture.module)) as { default: DatastorePlugin }).default;
  const { manifest } = plugin;
  const tracks = manifest.tracks.map(({ name }) => name);
  tell({ kind: 'loaded', plugin: manifest.id, version: manifest.version, apiVersion: manifest.apiVersion, tracks, defaultTrack: manifest.tracks.find((one) => one.default)?.name ?? tracks[0] ?? '' });
  const subject = subjectOf(plugin, await plugin.guest(), fixture.samples);
  closeDoors();
  for (const { capability, rule, find } of staticChecks) {
    const since = performance.now();
    const found = await find(subject).catch((error: unknown) => [{ level: 'problem' as const, text: error instanceof Error ? error.message : String(error) }]);
    const of = (level: string): string[] => found.filter((one) => one.level === level).map(({ text }) => text);
    tell({ kind: 'checked', capability, rule, problems: of('problem'), warnings: of('warning'), tookMs: performance.now() - since });
  }
  tell({ kind: 'answered', answers: await answersOf(subject).catch((error: unknown) => [String(error)]), doors: [...doors] });
}

await main().catch((error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }));
process.disconnect?.();
