/**
 * For tests only: places where the process may be killed, as kill -9 would. Nothing happens unless one of two
 * variables is set:
 *
 * - COFFER_TEST_KILL_AT=`<kind>:<step>:<before|inside|after>:<n>`: the n-th time (from 1) that this process reaches the
 *   point. `*` stands for any kind or step.
 * - COFFER_TEST_FAULT_FOLDER=<folder>: switched while processes run. Whoever first reaches a point for which a file
 *   `armed/<kind>:<step>:<place>:<n>` lies there moves it to `hit/` and sends itself the signal that the file names
 *   (SIGKILL when it is empty); n counts within one run of the step. While there is a file `trace`, every point reached
 *   is added to it, which is how a test learns what points there are.
 */
import { closeSync, constants, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

export type FaultPlace = 'before' | 'inside' | 'progress' | 'midway' | 'after';

const wanted = process.env['COFFER_TEST_KILL_AT'];
const folder = process.env['COFFER_TEST_FAULT_FOLDER'];
const parts = wanted?.split(':') ?? [];
let left = Number(parts[3] ?? 1);
/** after the beginning of a step: in the middle of whatever it has begun */
const midwayMs = [3, 20, 120];

/** `nth`: which of the step's points of this place it is. */
export function faultPoint(kind: string, step: string, place: FaultPlace, nth = 1): void {
  if (folder !== undefined) switched(`${kind}:${step}:${place}:${nth}`);
  if (wanted === undefined) return;
  const fits = (pattern: string | undefined, value: string): boolean => pattern === '*' || pattern === value;
  if (!fits(parts[0], kind) || !fits(parts[1], step) || parts[2] !== (place === 'progress' ? 'inside' : place)) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

/** Points in the course of time, until the answer is called: `midway`, with the milliseconds since the beginning. */
export function faultSpan(kind: string, step: string): () => void {
  if (folder === undefined) return () => {};
  const timers = midwayMs.map((ms) => setTimeout(() => faultPoint(kind, step, 'midway', ms), ms).unref());
  return () => { for (const timer of timers) clearTimeout(timer); };
}

function switched(point: string): void {
  trace(point);
  try {
    renameSync(`${folder}/armed/${point}`, `${folder}/hit/${point}`);
  } catch {
    return; // not armed, or another process was first
  }
  process.kill(process.pid, readFileSync(`${folder}/hit/${point}`, 'utf8').trim() || 'SIGKILL');
}

function trace(point: string): void {
  try {
    const file = openSync(`${folder}/trace`, constants.O_WRONLY | constants.O_APPEND);
    writeSync(file, `${point}\n`);
    closeSync(file);
  } catch {
    // nobody wants to know
  }
}
