/** One command at a time. Those that wait keep their order and give up at their signal. */
export interface CommandQueue {
  /** Resolves with how to let the next one in; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
  waiting(): number;
}

export const queueLimit = 32;
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

export function createCommandQueue(): CommandQueue {
  const waiting: { admit(): void }[] = [];
  let isBusy = false;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next.admit();
    else isBusy = false;
  };
  const once = (): (() => void) => {
    let isLeft = false;
    return () => {
      if (!isLeft) leave();
      isLeft = true;
    };
  };
  return {
    waiting: () => waiting.length,
    enter: (signal) => new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (!isBusy) {
        isBusy = true;
        return resolve(once());
      }
      if (waiting.length >= queueLimit) return reject(new QueueFull(`More than ${queueLimit} commands wait; try again later`));
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(ticket), 1);
        reject(signal.reason as Error);
      };
      const ticket = {
        admit() {
          signal.removeEventListener('abort', onAbort);
          resolve(once());
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(ticket);
    }),
  };
}
