/** Beside the bundle in its manifest, in a checkout in the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function readVersion(folder = import.meta.dirname): string {
  for (const file of ['manifest.json', '../manifest.json', '../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch { /* the next one */ }
  }
  return 'unknown';
}
