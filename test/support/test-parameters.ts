/** A catalogue as small as tests of groups need it. */
import type { ParameterCatalogues } from '../../gateway/plugins/parameters.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';

const spec = (name: string, more: Partial<ParameterSpec>): ParameterSpec =>
  ({ name, type: 'INTEGER', unit: null, default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: `What ${name} does.`, ...more });

const specs: readonly ParameterSpec[] = [
  spec('work_mem', { unit: 'kB', default: '4096', min: 64, max: 1_048_576 }),
  spec('max_connections', { default: '100', min: 1, max: 1_000, apply: 'RESTART' }),
  spec('log_connections', { type: 'BOOLEAN', default: 'false' }),
  spec('data_directory', { type: 'STRING', owned: 'Coffer says where data lie.', apply: 'RESTART' }),
];

/** Of every track. */
export const testParameters: ParameterCatalogues = {
  parametersOf: async () => ({ specs, byName: new Map(specs.map((one) => [one.name, one])) }), checkParameters: async () => [], problemOf: () => null,
};
