import { glob, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { runPipe } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { keptPath } from '../package-store.ts';
import type { KeptPackage } from '../package-store.ts';
import { forEachParallel } from '../parallel.ts';

/** What an engine never reads. gconv's modules are looked up where the C library was built for, never in a prefix. */
const trimmed = [
  ...['doc', 'man', 'info', 'locale', 'lintian', 'bug', 'doc-base', 'bash-completion', 'zsh', 'applications', 'icons', 'pixmaps', 'gdb'].map((name) => `usr/share/${name}`),
  'usr/include', 'usr/lib/x86_64-linux-gnu/gconv', 'lib/x86_64-linux-gnu/gconv', 'usr/lib/systemd', 'lib/systemd', 'etc/init.d', 'etc/cron.d', 'etc/logrotate.d',
];
const mergedDirectories = ['lib', 'lib64', 'bin', 'sbin'];
const unpackTimeoutMs = 5 * 60 * 1000;
const tarOptions = ['--keep-directory-symlink', '--no-same-owner', '--no-same-permissions', '--anchored', ...trimmed.map((name) => `--exclude=./${name}`)];

/**
 * An empty prefix in which /lib and /usr/lib are one, as on any Debian host: packages use both spellings of a path.
 * (`dpkg -x` would replace these links by directories, so packages are unpacked with a tar that keeps them.)
 */
async function makePrefix(prefix: string): Promise<void> {
  for (const name of mergedDirectories) {
    await mkdir(join(prefix, 'usr', name), { recursive: true });
    await symlink(join('usr', name), join(prefix, name));
  }
}

async function unpackOne(path: string, prefix: string, signal: AbortSignal): Promise<void> {
  const limits = { signal, timeoutMs: unpackTimeoutMs };
  const { producer, consumer } = await runPipe(
    { command: 'dpkg-deb', args: ['--fsys-tarfile', path], ...limits },
    { command: 'tar', args: ['-x', '-C', prefix, ...tarOptions], ...limits },
  );
  if (producer.code === 0 && consumer.code === 0) return;
  const words = `${consumer.stderr}\n${producer.stderr}`.trim();
  const reason = /No space left|quota exceeded/i.test(words) ? 'disk-full' : 'incomplete';
  throw new EngineSourceError(reason, `${path} could not be unpacked (${words.split('\n')[0] || `code ${consumer.code}`})`);
}

/** Deletes what globs relative to the prefix name. A link of a package may lead to the host; nothing is removed behind one. */
export async function removeInside(prefix: string, patterns: readonly string[]): Promise<void> {
  const root = await realpath(prefix);
  for (const pattern of patterns) {
    for (const name of await Array.fromAsync(glob(pattern, { cwd: root }))) {
      const path = resolve(root, name);
      const directory = await realpath(dirname(path)).catch(() => '');
      if (directory.startsWith(`${root}/`)) await rm(path, { recursive: true, force: true });
    }
  }
}

export interface UnpackOptions {
  signal: AbortSignal;
  onUnpacked(count: number): void;
}

/** Unpacks every package into a new prefix. */
export async function unpackPackages(root: string, packages: readonly KeptPackage[], prefix: string, options: UnpackOptions): Promise<void> {
  await makePrefix(prefix);
  let count = 0;
  await forEachParallel(packages, options.signal, async (item, signal) => {
    await unpackOne(keptPath(root, item.file), prefix, signal);
    options.onUnpacked(++count);
  });
}
