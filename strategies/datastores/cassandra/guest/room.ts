/**
 * What a start needs of the volume. One that ended for want of room leaves a commit log that is torn at its end, which the next start passes
 * over, in the latest file alone. A start that then fails for want of room has made a later file, and the torn one is refused from then on,
 * whatever room there is: so none is tried before there is room for a few files.
 */
const leastFreeMb = 32;

export function roomProblem(freeBytes: number): string | null {
  const freeMb = Math.floor(freeBytes / 1024 ** 2);
  return freeMb >= leastFreeMb ? null : `the volume is full: ${freeMb} MB are free, and the server needs ${leastFreeMb} MB to start; enlarge the volume`;
}
