/**
 * How a keyspace is kept. One node can keep one replica: a second would have no place, and every question that wants a
 * majority would go unanswered.
 * https://cassandra.apache.org/doc/5.0/cassandra/developing/cql/ddl.html#create-keyspace-statement
 */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { DatabaseOption } from '../../spi/control.ts';

/** One data centre, one rack: names that a ring can grow from. */
export const dataCentre = 'dc1';
const strategies = ['NetworkTopologyStrategy', 'SimpleStrategy'] as const;

export const databaseOptions = {
  replication: strategies.join(' (as it is when left out) or '),
  replication_factor: '1, as long as the instance is one node',
  durable_writes: 'true (as it is when left out) or false: writes skip the commit log and are lost when the server is killed',
} as const;

export interface Replication { strategy: (typeof strategies)[number]; isDurable: boolean }

const allowed: Readonly<Record<string, readonly string[]>> = { replication: strategies, replication_factor: ['1'], durable_writes: ['true', 'false'] };

export const optionIssues = (options: readonly DatabaseOption[]): InputIssue[] => options.flatMap(({ name, value }, index) => {
  const values = allowed[name];
  const problem = values === undefined ? { path: 'name', message: `there is no option "${name}": ${Object.keys(allowed).join(', ')}` }
    : values.includes(value) ? null : { path: 'value', message: `"${value}" is not offered for ${name}: ${values.join(' or ')}` };
  return problem === null ? [] : [{ path: ['options', String(index), problem.path], message: problem.message }];
});

/** Of options that were judged. */
export function parseReplication(options: readonly DatabaseOption[]): Replication {
  const valueOf = (name: keyof typeof databaseOptions): string | undefined => options.find((option) => option.name === name)?.value;
  return { strategy: strategies.find((strategy) => strategy === valueOf('replication')) ?? 'NetworkTopologyStrategy', isDurable: valueOf('durable_writes') !== 'false' };
}

export function replicationClause({ strategy, isDurable }: Replication): string {
  const factor = strategy === 'SimpleStrategy' ? 'replication_factor' : dataCentre;
  return `replication = {'class': '${strategy}', '${factor}': 1} AND durable_writes = ${isDurable}`;
}

/** As `system_schema.keyspaces` tells it; what root made with statements of its own may say anything. */
export function toOptions(replication: Readonly<Record<string, string>>, isDurable: boolean): DatabaseOption[] {
  const strategy = (replication['class'] ?? '').replace(/^.*\./, '');
  const factor = replication[dataCentre] ?? replication['replication_factor'];
  return [{ name: 'replication', value: strategy }, ...(factor === undefined ? [] : [{ name: 'replication_factor', value: factor }]), { name: 'durable_writes', value: String(isDurable) }];
}
