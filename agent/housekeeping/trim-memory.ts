import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Starting leaves more garbage than an hour of idling, and an idle process never gets round to giving it back. */
const afterMs = 5_000;

/** Once, when the start is over: a few MiB for every instance of the host. */
export function trimMemoryLater(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options?: object) => void;
    collect();
  }, afterMs).unref();
}
