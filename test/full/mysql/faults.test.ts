import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/mysql/fixture.ts';

defineConformance(fixtureOf(), ['fault']);
