import { configurationTests } from './configuration.ts';

// The other track is in test/full.
configurationTests('11.8');
