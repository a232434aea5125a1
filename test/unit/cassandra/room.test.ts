import { expect, it } from 'vitest';
import { roomProblem } from '../../../strategies/datastores/cassandra/guest/room.ts';

it('a start is tried where there is room for some files of the commit log', () => {
  expect(roomProblem(32 * 1024 ** 2)).toBeNull();
});
it('a start on a full volume is refused with what is free, what it takes and what helps', () => {
  expect(roomProblem(32 * 1024 ** 2 - 1)).toBe('the volume is full: 31 MB are free, and the server needs 32 MB to start; enlarge the volume');
});
