import { databaseOf, runOnce, withDatabase } from './connection.ts';

/** PostgreSQL's SQLSTATE as the code Prisma's CLI decides by. */
const PRISMA_CODES: Record<string, string> = {
  '3D000': 'P1003', // no such database
  '42P04': 'P1009', // exists already
  '28P01': 'P1000', // wrong password
  '28000': 'P1000',
};
const NOT_REACHABLE = 'P1001';

/** One of the commands that the CLI runs outside JSON-RPC; answers the exit code. Logs as JSON lines on stderr. */
export async function runDatabaseCommand(command: string, url: string): Promise<number> {
  // The CLI takes the last line for the error and misreads a log of one line.
  log('INFO', { message: `schema engine: ${command}` });
  const name = databaseOf(url);
  try {
    if (command === 'can-connect-to-database') await runOnce(url, () => 'select 1');
    const admin = withDatabase(url, 'postgres');
    if (command === 'create-database') await runOnce(admin, (c) => `create database ${c.escapeIdentifier(name)}`);
    if (command === 'drop-database') {
      await runOnce(admin, (c) => `drop database ${c.escapeIdentifier(name)} with (force)`);
      console.error('The database was successfully dropped');
    }
    return 0;
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    log('ERROR', { is_panic: false, message, error_code: PRISMA_CODES[code] ?? NOT_REACHABLE, meta: {} });
    return 1;
  }
}

function log(level: 'INFO' | 'ERROR', fields: Record<string, unknown>): void {
  const target = level === 'ERROR' ? 'schema_engine::logger' : 'schema_engine';
  console.error(JSON.stringify({ level, timestamp: new Date().toISOString(), target, fields }));
}
