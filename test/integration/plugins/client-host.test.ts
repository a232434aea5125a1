/** The short-lived client process, as the gateway starts it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClientRunner } from '../../../gateway/plugins/client-runner.ts';
import { loadApart } from '../../../strategies/apart.ts';
import { packagesOf } from '../../../strategies/registry.ts';

const repository = join(import.meta.dirname, '../../..');
const program = { node: process.execPath, entry: join(repository, 'strategies/client-host.ts') };
const fixture = (name: string): string => join(repository, 'test/fixtures', name);
const nowhere = { host: '127.0.0.1', port: 9, caCertificate: '', database: null };

describe('the client process', () => {
  it('runs the client half of a plugin that is named in the settings', async () => {
    const runner = createClientRunner({ ...program, packagesOf: () => [fixture('tiny-datastore/index.ts')] });
    await expect(runner.verify('tiny', { ...nowhere, user: 'ada', password: 'correct horse' }, AbortSignal.timeout(20_000))).rejects.toThrow(/tiny has no client/);
  });

  it('imports its own plugin alone: another that ends its process does not keep it from starting', async () => {
    const named = ['broken-controls/leaving.ts', 'tiny-datastore/index.ts'].map(fixture);
    const loaded = await Promise.all(named.map((origin) => loadApart(origin, { keep: false })));
    const runner = createClientRunner({ ...program, packagesOf: (datastore) => packagesOf(loaded, datastore) });
    await expect(runner.verify('tiny', { ...nowhere, user: 'ada', password: 'correct horse' }, AbortSignal.timeout(20_000))).rejects.toThrow(/tiny has no client/);
  });

  it('says which plugin is missing when it is not named', async () => {
    const runner = createClientRunner({ ...program, packagesOf: () => undefined });
    await expect(runner.verify('tiny', { ...nowhere, user: 'ada', password: 'correct horse' }, AbortSignal.timeout(20_000))).rejects.toThrow(/There is no datastore plugin tiny; name its package in the configuration/);
  });
});
