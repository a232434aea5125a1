/**
 * Keeps the process small; imported before anything else. There is one agent for every instance of a host, and none has
 * anything to compute: the optimising compilers alone would map 5 MiB of code sooner or later.
 */
import { setFlagsFromString } from 'node:v8';
import { garbageCollector } from '../../kernel/collect.ts';

for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag);

/** Starting leaves much garbage, and an idle process takes half an hour to make enough of it to look for some. */
const [firstTrimMs, trimEveryMs] = [5_000, 300_000];

/** Gives unused memory back, once when the start is over and now and then: ten milliseconds each. */
export function keepTrim(): void {
  const collect = garbageCollector();
  setTimeout(collect, firstTrimMs).unref();
  setInterval(collect, trimEveryMs).unref();
}
