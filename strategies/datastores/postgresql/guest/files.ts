/** The server's files, rendered from sizing, a group's values and owned values. Pure. */
import { preloadParameter } from '../libraries.ts';
import { managementRole } from '../names.ts';
import { configValue } from './sql.ts';

const heading = '# Written by Coffer; changes made by hand are lost.\n';

/** Not a matter of size or safety, but of what people expect of a server. */
const usual: Readonly<Record<string, string>> = {
  timezone: 'UTC', log_timezone: 'UTC', log_line_prefix: '%m [%p] %q%u@%d ', log_statement: 'none', log_checkpoints: 'on', log_lock_waits: 'on',
  log_autovacuum_min_duration: '10min', track_io_timing: 'on', jit: 'off', lc_messages: 'C', huge_pages: 'try', wal_compression: 'on', random_page_cost: '1.1',
};

/**
 * What comes later wins: usual values, sizing, the group's. A canonical number is counted in the server's own unit and needs
 * none; the server does not tell names by their case, so that a group's must be written as ours are. Libraries are on the
 * command line; their line here is for people who look, and makes a change of them one of the file.
 */
export function renderServerConfig(sizing: Readonly<Record<string, string>>, parameters: Readonly<Record<string, string>> = {}): string {
  const { [preloadParameter]: libraries, ...others } = parameters;
  const group = Object.fromEntries(Object.entries(others).map(([name, value]) => [name.toLowerCase(), value]));
  const lines = Object.entries({ ...usual, ...sizing, ...group }).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} = ${configValue(value)}\n`);
  return heading + (libraries ? `# On the command line: ${preloadParameter} = ${configValue(libraries)}\n` : '') + lines.join('');
}

/**
 * Management comes over the unix socket only, and proves itself by its secret there. The socket's folder admits the
 * engine's user and the agent's. Peer authentication would add nothing where the two are different users, and where they
 * are one it would let in whatever runs as that user, a connection made from inside the server included. The secret is
 * right in both cases.
 * Nobody else may use the socket; over TCP there is TLS or nothing; replication has no line and so no way in.
 */
export const renderAccess = (): string => `${heading}# TYPE  DATABASE  USER  ADDRESS  METHOD
local      all  "${managementRole}"       scram-sha-256
local      all  all            reject
hostnossl  all  all       all  reject
hostssl    all  "${managementRole}"  all  reject
hostssl    all  all       all  scram-sha-256
`;

export const renderUserMap = (): string => `${heading}# No system user stands for a role.\n`;
