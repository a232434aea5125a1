/** One line of JSON per event on standard output, which is a file: written at once, so that a crash loses nothing. */
import { writeSync } from 'node:fs';
import type { Log } from '../kernel/log.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

export function createLog(options: { level: Level; fields: object; write?(line: string): void }): Log {
  const { level, fields, write = toStandardOutput } = options;
  const at = (name: Level) => (more: object, message: string): void => {
    if (levels.indexOf(name) >= levels.indexOf(level)) write(`${JSON.stringify({ time: new Date().toISOString(), level: name, ...fields, ...more, message })}\n`);
  };
  return {
    debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'),
    child: (more) => createLog({ level, fields: { ...fields, ...more }, write }),
  };
}

export const levelOf = (text: string | undefined): Level => levels.find((level) => level === text) ?? 'info';

function toStandardOutput(line: string): void {
  try {
    writeSync(1, line);
  } catch {
    // A full disk or a closed pipe must not stop the agent.
  }
}
