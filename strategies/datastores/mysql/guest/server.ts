/**
 * What Coffer owns in the server's configuration: on the command line, which beats the file, while settings persisted
 * from inside (SET PERSIST) would beat the command line and are therefore not read at all.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import type { ServerContext } from '../../sql-family/guest/dialect.ts';
import { pidFile, temporaryFolder } from '../../sql-family/guest/files.ts';
import { socketOf } from '../../sql-family/guest/management.ts';
import { portName, serverProgram } from '../manifest.ts';

export const program = (ctx: Pick<GuestContext, 'paths'>): string => join(ctx.paths.bin, serverProgram);
export const environment = { LC_ALL: 'C', TZ: 'UTC' };

/** Where the build keeps its parts: what is compiled in is of the distribution. */
function places({ paths }: Pick<ServerContext, 'paths'>): Record<string, string> {
  const base = join(paths.bin, '..');
  return { basedir: base, 'lc-messages-dir': join(base, 'share/mysql'), 'character-sets-dir': join(base, 'share/mysql/charsets'), 'plugin-dir': join(base, 'lib/mysql/plugin'), 'secure-file-priv': 'NULL' };
}

/** Of its own for every instance, so that any of them may follow another; never 0. */
const serverId = (instanceId: string): number => (createHash('sha256').update(instanceId).digest().readUInt32BE(0) % 0xffff_fffe) + 1;

export function serverArguments(ctx: ServerContext): string[] {
  const owned: Record<string, string> = {
    ...places(ctx), datadir: ctx.paths.data, tmpdir: temporaryFolder(ctx), socket: socketOf(ctx), 'pid-file': pidFile(ctx), 'persisted-globals-load': 'OFF',
    'bind-address': ctx.network.bind, port: String(ctx.network.ports[portName] ?? 3306), mysqlx: 'OFF', 'skip-name-resolve': 'ON',
    'require-secure-transport': 'ON', 'tls-version': 'TLSv1.2,TLSv1.3', 'ssl-cert': ctx.tls.certificate, 'ssl-key': ctx.tls.key, 'ssl-ca': ctx.tls.ca, 'auto-generate-certs': 'OFF', 'caching-sha2-password-auto-generate-rsa-keys': 'OFF',
    'local-infile': 'OFF', 'partial-revokes': 'ON', 'lower-case-table-names': '0', 'plugin-load-add': 'clone=mysql_clone.so', 'skip-replica-start': 'ON',
    'server-id': String(serverId(ctx.instanceId)), 'log-bin': join(ctx.paths.data, 'binlog'), 'gtid-mode': 'ON', 'enforce-gtid-consistency': 'ON', 'log-replica-updates': 'ON',
    // Rows are logged, so a function cannot come out differently on a replica; without this nobody but a superuser could make one.
    'log-bin-trust-function-creators': 'ON',
    'general-log': 'OFF', 'log-error-verbosity': '2',
  };
  return Object.entries(owned).map(([name, value]) => `--${name}=${value}`);
}

/** Not a matter of size or safety, but of what people expect of a server. */
export const usualSettings = (): Record<string, string> => ({
  character_set_server: 'utf8mb4', innodb_flush_log_at_trx_commit: '1', sync_binlog: '1', binlog_expire_logs_seconds: '86400', max_allowed_packet: String(64 * 1024 ** 2),
  // What the server would work out by itself, once.
  innodb_io_capacity_max: '20000',
});

/**
 * Fast rather than durable: what is cut short is thrown away, and the server flushes everything at its end. A small log
 * would make it wait for its own checkpoints.
 */
export const bootstrapArguments = (ctx: ServerContext, folder: string, statements: string): string[] => {
  const settings: Record<string, string> = {
    ...places(ctx), datadir: folder, 'init-file': statements, 'skip-log-bin': 'ON', 'innodb-doublewrite': 'OFF', 'innodb-flush-log-at-trx-commit': '0',
    'innodb-redo-log-capacity': '67108864', 'innodb-buffer-pool-size': '67108864', 'innodb-log-buffer-size': '8388608', 'performance-schema': 'OFF', 'log-error-verbosity': '1', 'lower-case-table-names': '0',
  };
  return ['--no-defaults', '--initialize-insecure', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
};
