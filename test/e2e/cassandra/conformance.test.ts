import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';

defineConformance(fixtureOf(0));
