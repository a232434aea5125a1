import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';

// The fault tier takes longer than everybody waits: test/full.
defineConformance(fixtureOf('17'), ['static', 'engine']);
