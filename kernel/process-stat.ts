/** A line of `/proc/<pid>/stat` as the kernel writes it, read the same way by compute role and agent. */
export interface ProcessStat {
  pid: number; name: string; state: string; parent: number;
  /** controlling terminal; 0: none */
  terminal: number;
  threads: number;
  /** clock ticks since boot */
  startTicks: number;
}

/** `pid (name) state ppid …`; the name may itself hold spaces and brackets. Numbers of fields are those of proc(5). */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const rest = text.slice(close + 2).split(' ');
  const field = (number: number): string => rest[number - 3] ?? '';
  return { pid: Number(text.slice(0, open)), name: text.slice(open + 1, close), state: field(3), parent: Number(field(4)), terminal: Number(field(7)), threads: Number(field(20)), startTicks: Number(field(22)) };
}

/**
 * A zombie (its reaper is slow) holds nothing any more; but one with threads left is a process whose first thread alone has
 * ended: the others still hold its ports, files and locks.
 */
export const isGone = (found: ProcessStat | undefined): boolean => !found || (/^[ZX]/.test(found.state) && !(found.threads > 1));
