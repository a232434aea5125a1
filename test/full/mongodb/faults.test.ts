import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/mongodb/fixture.ts';

defineConformance(fixtureOf(), ['fault']);
