/**
 * The one door to plugins' control halves. A call has a deadline and its failure is the plugin's, never the gateway's:
 * a throwing or hanging half becomes a typed error with the plugin's name.
 */
import { CofferError, notFound } from '../../kernel/errors.ts';
import type { ControlHalf } from '../../strategies/spi/control.ts';

export const controlTimeoutMs = 2_000;

type Method = { [K in keyof ControlHalf]: ControlHalf[K] extends (input: never) => Promise<unknown> ? K : never }[keyof ControlHalf];

export interface ControlHost {
  call<M extends Method>(datastore: string, method: M, input: Parameters<ControlHalf[M]>[0]): Promise<Awaited<ReturnType<ControlHalf[M]>>>;
  rootName(datastore: string): string;
}

export function createControlHost(controlOf: (datastore: string) => ControlHalf | undefined): ControlHost {
  const find = (datastore: string): ControlHalf => {
    const half = controlOf(datastore);
    if (!half) throw notFound(`datastore ${datastore}`);
    return half;
  };
  return {
    async call(datastore, method, input) {
      const half = find(datastore);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new CofferError('INTERNAL', `the plugin of ${datastore} did not answer ${method} within ${controlTimeoutMs} ms`)), controlTimeoutMs);
      });
      try {
        return (await Promise.race([(half[method] as (input: unknown) => Promise<unknown>)(input), late])) as never;
      } finally {
        clearTimeout(timer);
      }
    },
    rootName: (datastore) => find(datastore).rootName,
  };
}
