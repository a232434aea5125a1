/** What the matrix needs to know of an engine: what to create, how a user gets in, what its processes look like. */
import { psql, redisCli } from '../../support/actions.ts';
import { enginesFolder } from '../../support/installation.ts';

type Process = { pid: number; command: string };
export interface EngineUnderTest {
  name: string;
  datastore: string;
  version: string;
  input: Record<string, unknown>;
  grant: { database?: string; privileges?: string[] };
  /** Answers `in`, or the engine's words. */
  login(instance: any, user: string, password: string): Promise<string>;
  isOneEngine(processes: readonly Process[]): boolean;
  hasDatabases: boolean;
  /** taken at once; `usual`: without a group, on the flavor of the matrix. And a value that is in bounds and that the engine refuses. */
  parameter?: Parameter;
  /** what is said of a flavor once the engine has it */
  sized?: Sized;
}
/** As the engine tells it, for the flavor of the matrix and for a larger one, which takes a restart. */
export interface Sized {
  larger: { name: string; vcpus: number; memoryMb: number };
  told: [usual: string, larger: string];
  ask(instance: any, user: string, password: string): Promise<string>;
  /** a formula with which the engine starts on the flavor of the matrix, and not on the larger one */
  unstartable?: { name: string; value: string };
}
export interface Parameter { name: string; values: [string, string]; usual: string; refused: { name: string; value: string } }
export interface Target {
  id: string; name: string; engine: EngineUnderTest; user: string; passwords: Record<string, string>;
  /** how often its agent was killed, about */
  agentDeaths: number;
}
export const newTarget = (engine: EngineUnderTest, name: string): Target => ({ id: '', name, engine, user: 'app', passwords: {}, agentDeaths: 0 });

const words = (error: Error): string => error.message;

export const redis: EngineUnderTest = {
  name: 'redis', datastore: 'redis', version: '8', hasDatabases: false, grant: { privileges: ['+@geo'] },
  input: { users: [{ name: 'app' }] },
  async login(instance, user, password) {
    const answer = await redisCli(enginesFolder, instance, { user, password }, 'acl', 'whoami').catch(words);
    return answer === user ? 'in' : answer;
  },
  isOneEngine: (processes) => processes.length === 1 && /redis-server/.test(processes[0]!.command),
  sized: {
    larger: { name: 'threads', vcpus: 4, memoryMb: 1024 }, told: ['296956723', '619079270'],
    ask: async (instance, user, password) => /^maxmemory:(\d+)/m.exec(await redisCli(enginesFolder, instance, { user, password }, 'info', 'memory'))?.[1] ?? '',
  },
  parameter: { name: 'slowlog-max-len', values: ['77', '78'], usual: '128', refused: { name: 'notify-keyspace-events', value: 'Q?' } },
};

export const postgresql: EngineUnderTest = {
  name: 'postgresql', datastore: 'postgresql', version: '17', hasDatabases: true, grant: { database: 'shop', privileges: [] },
  input: { databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  async login(instance, user, password) {
    const answer = await psql(enginesFolder, instance, { user, password, database: 'shop' }, 'select session_user').catch(words);
    return answer === user ? 'in' : answer;
  },
  sized: {
    larger: { name: 'larger', vcpus: 1, memoryMb: 1024 }, told: ['128MB', '256MB'], unstartable: { name: 'max_locks_per_transaction', value: 'max(64, ({memoryMb} - 512) * 1000000)' },
    ask: (instance, user, password) => psql(enginesFolder, instance, { user, password, database: 'shop' }, 'show shared_buffers'),
  },
  parameter: { name: 'deadlock_timeout', values: ['2000', '3000'], usual: '1000', refused: { name: 'TimeZone', value: 'Nowhere/Land' } },
  // one postmaster; what it starts carries "postgres: "
  isOneEngine: (processes) => processes.filter((one) => !one.command.startsWith('postgres:')).length === 1,
};
