/** The crash matrix on an engine that takes its time: points drawn by a seed, each a kill -9 of gateway or agent. */
import { postgresql } from './matrix/engines.ts';
import { defineCrashSample } from './matrix/sample.ts';

// Groups of parameters are in the matrix of the engine that boots in milliseconds, and in the full one of this.
const { parameter: _, ...withoutGroups } = postgresql;
defineCrashSample(withoutGroups, 1);
