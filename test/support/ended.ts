/** A client notices that its session was ended at its next question. */
export const endedBy = (ask: () => Promise<void>) => async (timeoutMs: number): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (await ask().then(() => true, () => false)) if (Date.now() > deadline) throw new Error(`the session was not ended within ${timeoutMs} ms`);
};
