import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/cassandra/fixture.ts';

defineConformance(fixtureOf(0));
