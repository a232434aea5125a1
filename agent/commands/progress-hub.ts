export interface Progress { fraction: number; message: string }
export type ProgressListener = (progress: Progress) => void;

/** The progress of one command for everyone attached to it; whoever comes late gets the latest first. */
export interface ProgressHub {
  tell(fraction: number, message: string): void;
  /** Returns how to detach. */
  attach(listener: ProgressListener): () => void;
}

/** A plugin's words are for people: what is longer is no message. */
const messageCharacters = 300;

export function createProgressHub(): ProgressHub {
  const listeners = new Set<ProgressListener>();
  let latest: Progress | undefined;
  return {
    tell(fraction, message) {
      const known = latest?.fraction ?? 0;
      latest = { fraction: Math.min(1, Math.max(known, Number.isFinite(fraction) ? fraction : known)), message: String(message).slice(0, messageCharacters) };
      for (const listener of listeners) listener(latest);
    },
    attach(listener) {
      listeners.add(listener);
      if (latest) listener(latest);
      return () => void listeners.delete(listener);
    },
  };
}
