import type { Log } from '../kernel/log.ts';
import type { RotatingLog } from './rotating-log.ts';

const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** JSON lines as the gateway writes them; warnings are shown on the terminal as well. */
export function createHostLog(file: RotatingLog, least: keyof typeof levels, warn: (text: string) => void, bound: object = {}): Log {
  const write = (level: keyof typeof levels) => (fields: object, msg: string): void => {
    if (levels[level] < levels[least]) return;
    file.write(`${JSON.stringify({ level: levels[level], time: Date.now(), pid: process.pid, ...bound, ...fields, msg })}\n`);
    if (levels[level] >= levels.warn) warn(`${msg}${detail({ ...bound, ...fields })}`);
  };
  return {
    debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'),
    child: (fields) => createHostLog(file, least, warn, { ...bound, ...fields }),
  };
}

/** "(instance inst_…, reason …)" */
function detail(fields: Record<string, unknown>): string {
  const parts = ['instance', 'part', 'reason'].flatMap((key) => (typeof fields[key] === 'string' ? [`${key} ${fields[key]}`] : []));
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}
