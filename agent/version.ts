import { readFileSync } from 'node:fs';

/** Put in by the bundler; sources read it from package.json. */
declare const COFFER_VERSION: string | undefined;

export const protocols = ['1'];

export function agentVersion(): string {
  if (typeof COFFER_VERSION === 'string') return COFFER_VERSION;
  try {
    return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
  } catch {
    return '0.0.0';
  }
}
