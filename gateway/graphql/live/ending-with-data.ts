/**
 * A stream that fails ends with a result that says so. Thrown errors would reach the transports' libraries, which print
 * and send them as they are.
 */
export function endingWithData<Item>(source: AsyncIterable<Item>, lastOf: (error: unknown) => Item): AsyncGenerator<Item, void, void> {
  const items = source[Symbol.asyncIterator]();
  let isOver = false;
  const done = { done: true, value: undefined } as const;
  const end = async (): Promise<typeof done> => {
    isOver = true;
    await items.return?.();
    return done;
  };
  return {
    [Symbol.asyncIterator]() { return this; },
    [Symbol.asyncDispose]: async () => void (await end()),
    async next() {
      if (isOver) return done;
      try {
        const item = await items.next();
        return item.done === true ? done : { done: false, value: item.value };
      } catch (error) {
        isOver = true;
        return { done: false, value: lastOf(error) };
      }
    },
    return: end,
    throw: end,
  };
}
