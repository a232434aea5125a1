/** For a method to end by itself once its deadline has passed; whoever waits for it then goes on, whatever it does. */
const graceMs = 1_000;

export const endedWith = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => new Promise((resolve, reject) => {
  work.then(resolve, reject);
  const giveUp = (): void => { setTimeout(() => reject(signal.reason as Error), graceMs).unref(); };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
});
