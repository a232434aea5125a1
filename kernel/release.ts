import { readFileSync } from 'node:fs';

/** Version of this release: of `manifest.json` beside a bundle (or its `chunks/`), of package.json in the checkout. */
export function releaseVersion(): string {
  for (const path of ['./manifest.json', '../manifest.json', '../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: string };
      if (version) return version;
    } catch { /* the next place */ }
  }
  return '0.0.0';
}
