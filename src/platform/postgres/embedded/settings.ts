import type { EmbeddedConfig } from '../config.ts';

/**
 * The server's settings, all on the command line so that no file of the data directory decides. Durability is never
 * traded: fsync, synchronous_commit and full_page_writes are on. The rest keeps it small: few processes, little memory.
 */
export function serverSettings(config: EmbeddedConfig, socketDirectory: string): Record<string, string> {
  return {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '',
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    port: '5432',
    max_connections: String(config.maxConnections),
    superuser_reserved_connections: '3',
    shared_buffers: `${config.sharedBuffersMb}MB`,
    work_mem: `${config.workMemMb}MB`,
    maintenance_work_mem: '32MB',
    max_wal_size: `${config.maxWalMb}MB`,
    min_wal_size: '32MB',
    huge_pages: 'off',
    jit: 'off',
    io_method: 'sync',
    max_wal_senders: '0',
    max_replication_slots: '0',
    max_logical_replication_workers: '0',
    max_worker_processes: '2',
    max_parallel_workers: '0',
    max_parallel_workers_per_gather: '0',
    autovacuum_max_workers: '1',
    autovacuum_worker_slots: '2',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    // Statements and row values are content, which the log must not hold.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_autovacuum_min_duration: '-1',
  };
}

export function toArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
