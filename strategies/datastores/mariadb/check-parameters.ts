/** What MariaDB refuses or has no room for. Pure. */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { type CheckInput, type CheckRules, checkParameters as checkFamily } from '../sql-family/check-parameters.ts';
import { collationsOfTrack } from './collations.ts';
import { serverMb } from './sizing.ts';

const performanceSchemaMb = 100;
const rules: CheckRules = { serverMb, performanceSchemaMb, collations: collationsOfTrack, zones: ['-12:59', '+13:00'], usual: { character_set_server: 'utf8mb4', max_allowed_packet: '67108864', performance_schema: 'OFF', innodb_io_capacity_max: '2000' } };

export const checkParameters = (catalogue: readonly ParameterSpec[], input: CheckInput): InputIssue[] => checkFamily(catalogue, input, rules);
