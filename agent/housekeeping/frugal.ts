/**
 * Keeps the process small; imported before anything else. There is one agent for every instance of a host, and none has
 * anything to compute: the optimising compilers alone would map 5 MiB of code sooner or later.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag);

/** Starting leaves more garbage than an hour of idling, and an idle process never gets round to giving it back. */
const trimAfterMs = 5_000;

/** Once, when the start is over. */
export function trimMemoryLater(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
  }, trimAfterMs).unref();
}
