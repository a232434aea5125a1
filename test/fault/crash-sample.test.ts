/** The crash matrix on an engine that takes its time: points drawn by a seed, each a kill -9 of gateway or agent. */
import { postgresql } from './matrix/engines.ts';
import { defineCrashSample } from './matrix/sample.ts';

// Half of the scenarios, so that nobody waits too long: all of them, and those of groups, are in test/full. Groups are in the matrix of
// the engine that boots in milliseconds too.
const { parameter: _, ...withoutGroups } = postgresql;
defineCrashSample(withoutGroups, 1, 1 / 2);
