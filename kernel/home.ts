/** Where things lie below `$COFFER_HOME`. Pure: host, compute, gateway and tests agree by calling it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface HomePaths {
  home: string;
  /** present in every home that Coffer made; `reset` refuses a folder without it */
  marker: string;
  pidFile: string; adminToken: string;
  /** read by the gateway: secret.key, admin-token-hash, store-url */
  control: string; adminTokenHash: string; storeUrl: string; secretKey: string;
  /** the gateway's own: compiled code, by runtime */
  compileCache: string;
  store: string; logs: string; runtime: string; engines: string; instances: string;
  /** sockets; may lie outside the home when that is too deep for a socket's path */
  run: string; computeSocket: string; storeSockets: string;
}

/** A unix socket's path holds 107 bytes. */
export const socketPathLimitBytes = 107;

export function homePaths(home: string): HomePaths {
  const run = runFolder(home);
  const control = join(home, 'control');
  return {
    home, run, control,
    marker: join(home, '.coffer-home'), pidFile: join(home, 'coffer.pid'), adminToken: join(home, 'admin-token'),
    adminTokenHash: join(control, 'admin-token-hash'), storeUrl: join(control, 'store-url'), secretKey: join(control, 'secret.key'), compileCache: join(control, 'compile-cache'),
    store: join(home, 'store'), logs: join(home, 'logs'), runtime: join(home, 'runtime'), engines: join(home, 'engines'), instances: join(home, 'instances'),
    computeSocket: join(run, 'compute.sock'), storeSockets: join(run, 'store'),
  };
}

const longestSocketName = 'store/.s.PGSQL.5432.lock';
function runFolder(home: string): string {
  const inside = join(home, 'run');
  return fitsSocketPath(join(inside, longestSocketName)) ? inside : shortFolder(home);
}

/** As long as any engine's socket and its lock file may be called. */
export const longestEngineSocket = '.s.PGSQL.65535.lock';
export const fitsSocketPath = (path: string): boolean => Buffer.byteLength(path) <= socketPathLimitBytes;

/** A stand-in for a folder whose path is too long for sockets: the same for the same folder, and of its maker's alone. */
export const shortFolder = (folder: string): string => `/tmp/coffer-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
