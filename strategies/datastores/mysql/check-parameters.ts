/** What MySQL refuses or makes another value of, beside what its family does. Pure. */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { type CheckInput, type CheckRules, checkParameters as checkFamily, type Judged } from '../sql-family/check-parameters.ts';
import { collations } from './collations.ts';
import { performanceSchemaMb, serverMb } from './sizing.ts';

const rules: CheckRules = { serverMb, performanceSchemaMb, collations: () => collations, zones: ['-13:59', '+14:00'], usual: { character_set_server: 'utf8mb4', max_allowed_packet: '67108864', innodb_io_capacity_max: '20000' } };
/** Management's own count as well. */
const leastUserConnections = 10;
/** A smaller pool is one, whatever was asked for. */
const leastSharedPool = 1024 ** 3;

export const checkParameters = (catalogue: readonly ParameterSpec[], input: CheckInput): InputIssue[] => checkFamily(catalogue, input, rules, more);

function more({ count, blame }: Judged): void {
  const ofUser = count('max_user_connections') ?? 0;
  if (ofUser > 0 && ofUser < leastUserConnections) blame(['max_user_connections'], `must be 0, for no limit, or at least ${leastUserConnections}: Coffer's own connections count too`);
  const [pool, chunk, instances] = [count('innodb_buffer_pool_size') ?? 0, count('innodb_buffer_pool_chunk_size') ?? 0, count('innodb_buffer_pool_instances') ?? 1];
  const ofPool = ['innodb_buffer_pool_size', 'innodb_buffer_pool_instances', 'innodb_buffer_pool_chunk_size'];
  const step = chunk * Math.max(1, instances);
  if (instances > 1 && pool < leastSharedPool) blame(['innodb_buffer_pool_instances', 'innodb_buffer_pool_size'], (name) => (name === 'innodb_buffer_pool_size' ? `must be at least 1 GB with innodb_buffer_pool_instances above 1: it is ${pool} bytes` : `must be 1 with a pool below 1 GB: the pool has ${pool} bytes`));
  else if (step > 0 && pool % step !== 0) {
    blame(ofPool, (name) => (name === 'innodb_buffer_pool_size' ? `must be a multiple of innodb_buffer_pool_chunk_size times innodb_buffer_pool_instances, which are ${step} bytes: ${pool} is none` : `must suit innodb_buffer_pool_size, which has to be a multiple of a chunk's size times the instances: ${pool} is none of ${step} bytes`));
  }
  const [threads, longestSleep] = [count('innodb_thread_concurrency') ?? 0, count('innodb_adaptive_max_sleep_delay') ?? 0];
  if (threads > 0 && longestSleep > 0) blame(['innodb_thread_sleep_delay'], 'must be left out, or innodb_adaptive_max_sleep_delay be 0: with any other the server changes it by itself while innodb_thread_concurrency is above 0');
}
