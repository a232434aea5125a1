/**
 * The short-lived process that runs a plugin's client half. Reads one request from stdin, writes one answer to stdout;
 * its exit code says the same.
 */
import { text } from 'node:stream/consumers';
import { loadPlugin, namedPackages } from './registry.ts';
import type { ClientTarget } from './spi/client.ts';

const timeoutMs = 20_000;
type Request =
  | { datastore: string; action: 'verify'; target: ClientTarget }
  | { datastore: string; action: 'verifyRefusal'; target: Omit<ClientTarget, 'user' | 'password'> };

async function main(): Promise<{ ok: true; version: string | null } | { ok: false; message: string }> {
  const request = JSON.parse(await text(process.stdin)) as Request;
  const client = await (await loadPlugin(request.datastore, namedPackages(process.env))).client();
  const signal = AbortSignal.timeout(timeoutMs);
  if (request.action === 'verify') return { ok: true, version: (await client.verify(request.target, signal)).version };
  await client.verifyRefusal(request.target, signal);
  return { ok: true, version: null };
}

const answer = await main().catch((error: unknown) => ({ ok: false as const, message: error instanceof Error ? error.message : String(error) }));
process.stdout.write(JSON.stringify(answer), () => process.exit(answer.ok ? 0 : 1));
