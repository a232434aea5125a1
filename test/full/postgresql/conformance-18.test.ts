import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from '../../e2e/postgresql/fixture.ts';

defineConformance(fixtureOf('18'), ['static', 'engine']);
