// Stands in for the gateway where a test is about the host: says it is ready when its store answers.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import pg from 'pg';

const home = process.env.COFFER_HOME;
const mode = process.env.COFFER_TEST_GATEWAY_MODE;
if (mode === 'refuse') {
  process.stderr.write('COFFER_SECRET_KEY: the store was sealed with another key\n');
  process.exit(78);
}
if (mode === 'crash') {
  process.stderr.write('the stub gateway falls over\n');
  process.exit(1);
}
const log = (level, msg) => process.stdout.write(`${JSON.stringify({ level, time: Date.now(), pid: process.pid, msg })}\n`);
const url = process.env.DATABASE_URL ?? readFileSync(`${home}/control/store-url`, 'utf8').trim();
const pool = new pg.Pool({ connectionString: url, max: 2 });
pool.on('error', (error) => log(40, `the store went away: ${error.message}`));
const server = createServer((request, response) => {
  if (request.url === '/identity') {
    response.end(JSON.stringify({ pid: process.pid, uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), argv: process.argv, env: process.env }));
    return;
  }
  pool.query('select 1').then(() => response.end('ready'), (error) => { response.statusCode = 503; response.end(error.message); });
});
server.listen(Number(process.env.COFFER_PORT ?? 8779), '127.0.0.1', () => log(30, 'listening'));
process.on('SIGTERM', () => { log(30, 'stopping'); process.exit(0); });
