/**
 * What Coffer owns in the server's configuration. It is given on the command line, which beats postgresql.conf and
 * postgresql.auto.conf (ALTER SYSTEM), so nothing inside the server can change it.
 * https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SHELL
 */
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { foreignLibraries, preloadedLibraries } from '../libraries.ts';
import { managementConnections } from '../sizing.ts';

export type ServerContext = Pick<GuestContext, 'track' | 'paths' | 'tls' | 'network' | 'parameters'>;

export const majorOf = (track: string): number => Number.parseInt(track, 10);
export const portOf = ({ network }: Pick<ServerContext, 'network'>): number => network.ports['postgresql'] ?? 5432;
export const configFiles = ({ paths }: Pick<ServerContext, 'paths'>) => ({
  server: join(paths.config, 'postgresql.conf'),
  access: join(paths.config, 'pg_hba.conf'),
  users: join(paths.config, 'pg_ident.conf'),
});

export function ownedSettings(ctx: ServerContext): Record<string, string> {
  const files = configFiles(ctx);
  const major = majorOf(ctx.track);
  return {
    config_file: files.server, hba_file: files.access, ident_file: files.users,
    // A name of our own: an empty one is tried all the same, and complained about at every start.
    external_pid_file: join(ctx.paths.run, 'postgresql.pid'),
    listen_addresses: ctx.network.bind, port: String(portOf(ctx)), unix_socket_directories: ctx.paths.run, unix_socket_permissions: '0700', unix_socket_group: '',
    ssl: 'on', ssl_cert_file: ctx.tls.certificate, ssl_key_file: ctx.tls.key, ssl_ca_file: '', ssl_crl_file: '', ssl_crl_dir: '', ssl_min_protocol_version: 'TLSv1.2', ssl_passphrase_command: '',
    password_encryption: 'scram-sha-256', superuser_reserved_connections: String(managementConnections),
    // No code but the build's own; of that a group may name what only looks.
    shared_preload_libraries: foreignLibraries(ctx.parameters).length === 0 ? preloadedLibraries(ctx.parameters).join(',') : '', session_preload_libraries: '', dynamic_library_path: '$libdir', archive_mode: 'off', archive_library: '', archive_command: '', restore_command: '',
    allow_system_table_mods: 'off', max_prepared_transactions: '0',
    fsync: 'on', full_page_writes: 'on', wal_level: 'replica',
    // In the data folder rather than in /dev/shm, which all instances share and where a killed server leaves its segments.
    dynamic_shared_memory_type: 'mmap',
    logging_collector: 'off', log_destination: 'stderr',
    ...(major >= 17 ? { allow_alter_system: 'off' } : {}),
    ...(major >= 18 ? { extension_control_path: '$system', oauth_validator_libraries: '' } : {}),
  };
}

/** Arguments of the server process. They can be read by everybody on the host and hold no secret. */
export const serverArguments = (ctx: ServerContext, serverFile = configFiles(ctx).server): string[] =>
  ['-D', ctx.paths.data, ...Object.entries({ ...ownedSettings(ctx), config_file: serverFile }).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
