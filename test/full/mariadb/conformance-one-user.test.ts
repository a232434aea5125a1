import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/mariadb/fixture.ts';

defineConformance(fixtureOf('11.8', false));
