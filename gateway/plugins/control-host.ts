/**
 * The one door to plugins' control halves. A call has a deadline, its answer the form that the contract says, and its
 * failure is the plugin's, never the gateway's. (A third party's half is in a thread of its own behind this, which has a
 * stricter deadline from when it is asked: `apart.ts`.)
 */
import { CofferError, isCofferError, notFound } from '../../kernel/errors.ts';
import { longestControlMs } from '../../strategies/apart.ts';
import { type ControlMethod, controlAnswerProblem, type optionalMethods } from '../../strategies/control-answers.ts';
import type { ControlHalf } from '../../strategies/spi/control.ts';

export interface ControlHost {
  call<M extends ControlMethod>(datastore: string, method: M, input: Parameters<NonNullable<ControlHalf[M]>>[0]): Promise<Awaited<ReturnType<NonNullable<ControlHalf[M]>>>>;
  /** whether the control half has a method that it may leave out */
  has(datastore: string, method: (typeof optionalMethods)[number]): boolean;
  rootName(datastore: string): string;
}
/** The cause of a failure that will be there the next time too: a control half is pure. */
export class AnswerProblem extends Error {}

export function createControlHost(controlOf: (datastore: string) => ControlHalf | undefined): ControlHost {
  const find = (datastore: string): ControlHalf => {
    const half = controlOf(datastore);
    if (!half) throw notFound(`datastore ${datastore}`);
    return half;
  };
  return {
    async call(datastore, method, input) {
      const half = find(datastore);
      const failure = (why: string, cause?: unknown): CofferError => new CofferError('PLUGIN.FAILED', `The plugin of ${datastore} ${why}`, { cause });
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(failure(`did not answer ${method} within ${longestControlMs} ms`)), longestControlMs);
      try {
        const answer: unknown = await Promise.race([(half[method] as (input: unknown) => Promise<unknown>)(input), late.promise]);
        const problem = controlAnswerProblem(method, answer);
        if (problem) throw failure(`is at fault: ${problem}`, new AnswerProblem(problem));
        return answer as never;
      } catch (error) {
        throw isCofferError(error) ? error : failure(`failed at ${method}`, error);
      } finally {
        clearTimeout(timer);
      }
    },
    has: (datastore, method) => find(datastore)[method] !== undefined,
    rootName: (datastore) => find(datastore).rootName,
  };
}
