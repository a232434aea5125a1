import type { ParameterSpec } from '../../strategies/spi/parameters.ts';

const base: ParameterSpec = { name: '', type: 'INTEGER', unit: null, default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: 'A parameter.' };

/** One of each kind that there is. */
export const catalogue: readonly ParameterSpec[] = [
  { ...base, name: 'page_cache', unit: '8kB', default: '16384', min: 16, max: 1_073_741_823, apply: 'RESTART' },
  { ...base, name: 'sort_memory', unit: 'kB', default: '4096', min: 64, max: 2_147_483_647 },
  { ...base, name: 'most_connections', default: '100', min: 1, max: 1000, apply: 'RESTART' },
  { ...base, name: 'lock_timeout', unit: 'ms', default: '0', min: 0, max: 2_147_483_647 },
  { ...base, name: 'page_cost', type: 'NUMBER', default: '4', min: 0, max: 1e6 },
  { ...base, name: 'durable', type: 'BOOLEAN', default: 'true', warning: 'The last commits are lost in a crash.' },
  { ...base, name: 'commit_mode', type: 'ENUM', default: 'on', allowed: ['local', 'remote', 'on', 'off'] },
  { ...base, name: 'time_zone', type: 'STRING', default: 'UTC' },
  { ...base, name: 'port', default: '5000', owned: 'Coffer chooses where engines listen.' },
  { ...base, name: 'segment_size', unit: 'MB', default: '16', apply: 'CREATE' },
];
