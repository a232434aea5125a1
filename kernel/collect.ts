/** V8's garbage collector, to be called by hand. An idle process makes so little garbage that V8 looks for none, and keeps the room it once needed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
