/** What Coffer owns in the server's configuration: on the command line, which beats the file. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import type { ServerContext } from '../../sql-family/guest/dialect.ts';
import { pidFile, temporaryFolder } from '../../sql-family/guest/files.ts';
import { socketOf } from '../../sql-family/guest/management.ts';
import { portName, serverProgram } from '../manifest.ts';

export const program = (ctx: Pick<GuestContext, 'paths'>): string => join(ctx.paths.bin, serverProgram);
export const environment = { LC_ALL: 'C', TZ: 'UTC' };

/** Messages, character sets and system tables; the folder's name changed between the tracks. */
export function sharedFolder({ paths }: Pick<ServerContext, 'paths'>): string {
  const [late, early] = ['mariadb', 'mysql'].map((name) => join(paths.bin, '../share', name)) as [string, string];
  return existsSync(join(late, 'charsets')) ? late : early;
}

function places(ctx: Pick<ServerContext, 'paths'>): Record<string, string> {
  const shared = sharedFolder(ctx);
  const base = join(ctx.paths.bin, '..');
  return { basedir: base, 'lc-messages-dir': shared, 'character-sets-dir': join(shared, 'charsets'), 'plugin-dir': join(base, 'lib/mysql/plugin') };
}

/** Of its own for every instance, so that any of them may follow another; never 0. */
const serverId = (instanceId: string): number => (createHash('sha256').update(instanceId).digest().readUInt32BE(0) % 0xffff_fffe) + 1;

export function serverArguments(ctx: ServerContext): string[] {
  const owned: Record<string, string> = {
    ...places(ctx), datadir: ctx.paths.data, tmpdir: temporaryFolder(ctx), socket: socketOf(ctx), 'pid-file': pidFile(ctx),
    'bind-address': ctx.network.bind, port: String(ctx.network.ports[portName] ?? 3306), 'skip-name-resolve': 'ON',
    'require-secure-transport': 'ON', 'tls-version': 'TLSv1.2,TLSv1.3', 'ssl-cert': ctx.tls.certificate, 'ssl-key': ctx.tls.key, 'ssl-ca': ctx.tls.ca,
    // Where one user runs everything, this login would let in whatever runs as that user.
    'unix-socket': 'OFF',
    // There is no word for "nowhere"; a folder of the engine's that holds nothing of anybody's.
    'secure-file-priv': temporaryFolder(ctx), 'local-infile': 'OFF', 'symbolic-links': 'OFF', 'lower-case-table-names': '0', 'skip-slave-start': 'ON',
    'server-id': String(serverId(ctx.instanceId)), 'log-bin': join(ctx.paths.data, 'binlog'), 'log-basename': 'server', 'binlog-format': 'ROW', 'gtid-strict-mode': 'ON', 'log-slave-updates': 'ON',
    // Rows are logged, so a function cannot come out differently on a replica; without this nobody but a superuser could make one.
    'log-bin-trust-function-creators': 'ON',
    'general-log': 'OFF',
  };
  return Object.entries(owned).map(([name, value]) => `--${name}=${value}`);
}

/** Not a matter of size or safety, but of what people expect of a server. */
export const usualSettings = (): Record<string, string> => ({
  character_set_server: 'utf8mb4', innodb_flush_log_at_trx_commit: '1', sync_binlog: '1', binlog_expire_logs_seconds: '86400', max_allowed_packet: String(64 * 1024 ** 2), event_scheduler: 'ON', performance_schema: 'OFF',
  // What the server would work out by itself, once.
  innodb_io_capacity_max: '2000',
});

export const bootstrapArguments = (ctx: ServerContext, folder: string): string[] => {
  const settings: Record<string, string> = {
    ...places(ctx), datadir: folder, 'log-basename': 'server', 'lower-case-table-names': '0', 'max-allowed-packet': '67108864', 'innodb-flush-log-at-trx-commit': '0', 'innodb-doublewrite': 'OFF',
    'innodb-buffer-pool-size': '33554432', 'innodb-log-file-size': '33554432', 'log-warnings': '0', 'enforce-storage-engine': '', 'plugin-maturity': 'gamma',
  };
  return ['--no-defaults', '--bootstrap', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
};
