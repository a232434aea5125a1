import type { Log } from '../../../kernel/log.ts';

export interface DebianOptions {
  /** real path of the engine store */
  root: string;
  log: Log;
  /** keys the archive must be signed with; default: the host's debian-archive-keyring */
  keyring?: string | undefined;
}

/** Fraction 0..1 and words for people. */
export type Progress = (fraction: number, message: string) => void;
