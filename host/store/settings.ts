/** How the control plane's own PostgreSQL is run: small, and reachable by its socket alone. Given at each start. */
export function storeArguments(dataFolder: string, socketFolder: string): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '', unix_socket_directories: socketFolder, unix_socket_permissions: '0777', // its folder keeps others out
    shared_buffers: '64MB', max_connections: '60', work_mem: '4MB', maintenance_work_mem: '32MB',
    // What was answered is on disk: an accepted operation is never forgotten.
    synchronous_commit: 'on', fsync: 'on', full_page_writes: 'on',
    // Nobody replicates from it; less log is written then.
    wal_level: 'minimal', max_wal_senders: '0', max_wal_size: '256MB', wal_compression: 'on',
    max_worker_processes: '2', max_parallel_workers_per_gather: '0', max_parallel_maintenance_workers: '0', io_method: 'sync', jit: 'off',
    // Events are read up to the oldest open transaction: one that forgot to end must not hold them.
    idle_in_transaction_session_timeout: '60s', autovacuum_naptime: '15s',
    timezone: 'UTC', log_timezone: 'UTC', log_min_messages: 'warning', log_checkpoints: 'off', cluster_name: 'coffer-store', password_encryption: 'scram-sha-256',
  };
  return ['-D', dataFolder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

export const storeUser = 'coffer';
export const storeDatabase = 'coffer';
export const storeUrl = (socketFolder: string, password: string): string => `postgresql://${storeUser}:${password}@/${storeDatabase}?host=${encodeURIComponent(socketFolder)}`;
