import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/redis/fixture.ts';

defineConformance(fixtureOf('8'), ['fault']);
