/** The crash matrix on an engine that takes its time: points drawn by a seed, each a kill -9 of gateway or agent. */
import { postgresql } from './matrix/engines.ts';
import { defineCrashSample } from './matrix/sample.ts';

defineCrashSample(postgresql, 1);
