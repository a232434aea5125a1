/** Neither null nor left out. An empty text is given: a script whose variable is empty must not be answered as one that asks for anything. */
export const isGiven = <T>(value: T): value is NonNullable<T> => value !== null && value !== undefined;
