import { readFileSync } from 'node:fs';

export const protocols = ['1'];

/** A bundle lies beside the manifest of its build (or in a folder of it), sources below package.json. */
const places = ['./manifest.json', '../manifest.json', '../package.json'];

export function agentVersion(): string {
  for (const place of places) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // The next place.
    }
  }
  return '0.0.0';
}
