/** The crash matrix on the engines that the suite of every run leaves out: kill -9 of gateway or agent, at points drawn. */
import { describe } from 'vitest';
import { furtherEngines } from '../fault/matrix/further-engines.ts';
import { defineCrashSample } from '../fault/matrix/sample.ts';

describe.each(furtherEngines.map((engine) => [engine.name, engine] as const))('%s', (_name, engine) => defineCrashSample(engine, 2));
