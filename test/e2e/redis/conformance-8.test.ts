import { defineConformance } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';

// Killed at every point it takes longer than everybody waits: test/full.
defineConformance({ ...fixtureOf('8'), killPoints: 'few' });
