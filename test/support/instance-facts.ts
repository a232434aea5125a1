/** What the stock clients of the kit read of a harness, of an instance that the public API tells of. */
import { dirname } from 'node:path';
import type { HarnessFacts } from '../../strategies/conformance/index.ts';
import type { Manifest } from '../../strategies/spi/manifest.ts';
import { binary, withCa } from './actions.ts';
import { enginesFolder } from './installation.ts';

/** `program`: one of the engine's that its client lies beside. */
export const withFacts = <T>(manifest: Manifest, program: string, instance: any, work: (facts: HarnessFacts) => Promise<T>): Promise<T> => withCa(instance, async (caFile) => {
  const [{ host, port }] = instance.endpoints;
  const client = manifest.ports.find(({ purpose }) => purpose === 'client')!.name;
  return work({ host, ports: { [client]: port }, caFile, caCertificate: instance.caCertificate, paths: { bin: dirname(await binary(enginesFolder, instance.build, program)) } } as unknown as HarnessFacts);
});
