import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A log file that never grows without bound, and never stops its writer: on a full disk lines are lost instead. */
export interface RotatingLog {
  write(text: string | Uint8Array): void;
  close(): void;
}
const fileLimitBytes = 10 * 1024 * 1024;
const keptFiles = 5;

export function openRotatingLog(path: string, limitBytes = fileLimitBytes): RotatingLog {
  let file = -1;
  let size = 0;
  const open = (): void => {
    file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    size = fstatSync(file).size;
  };
  const rotate = (): void => {
    closeSync(file);
    file = -1;
    for (let index = keptFiles - 1; index >= 0; index--) {
      try {
        renameSync(index === 0 ? path : `${path}.${index}`, `${path}.${index + 1}`);
      } catch {
        // there is no such file yet
      }
    }
    open();
  };
  return {
    write(text) {
      try {
        if (file < 0) open();
        if (size >= limitBytes) rotate();
        const bytes = typeof text === 'string' ? Buffer.from(text) : text;
        size += writeSync(file, bytes);
      } catch {
        // Nobody could be told but through this file.
      }
    },
    close() {
      if (file >= 0) closeSync(file);
      file = -1;
    },
  };
}
