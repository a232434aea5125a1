/** The crash matrix on the engines that the suite of every run leaves out, in whole or in part: kill -9 of gateway or agent, at points drawn. */
import { describe } from 'vitest';
import { postgresql } from '../fault/matrix/engines.ts';
import { furtherEngines } from '../fault/matrix/further-engines.ts';
import { defineCrashSample } from '../fault/matrix/sample.ts';

describe.each([postgresql, ...furtherEngines].map((engine) => [engine.name, engine] as const))('%s', (_name, engine) => defineCrashSample(engine, 2));
