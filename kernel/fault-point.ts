/**
 * For tests only: a place where the process may be killed, as kill -9 would. Does nothing unless COFFER_TEST_KILL_AT
 * is set to `<kind>:<step>:<before|inside|after>:<n>`: the n-th time (from 1) that point is reached. `*` stands for
 * any kind or step.
 */
const wanted = process.env['COFFER_TEST_KILL_AT'];
const parts = wanted?.split(':') ?? [];
let left = Number(parts[3] ?? 1);

export function faultPoint(kind: string, step: string, place: 'before' | 'inside' | 'after'): void {
  if (wanted === undefined) return;
  const fits = (pattern: string | undefined, value: string): boolean => pattern === '*' || pattern === value;
  if (!fits(parts[0], kind) || !fits(parts[1], step) || parts[2] !== place) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
