/**
 * Statements with constant text are prepared once a connection, which saves parsing and planning on every call. Only
 * so many: a text that is built anew each time must not fill the server's memory.
 */
const MAX_NAMED = 500;
/** What is shorter than this is hardly parsed, or not planned at all. */
const MIN_LENGTH = 30;

export interface StatementNames {
  nameOf(text: string): string | undefined;
  /** After a migration of a neighbouring release changed a table: all plans are made anew. */
  renew(): void;
}

export function createStatementNames(): StatementNames {
  let era = 1;
  let names = new Map<string, string>();
  return {
    nameOf(text) {
      if (text.length < MIN_LENGTH) return undefined;
      const known = names.get(text);
      if (known || names.size >= MAX_NAMED) return known;
      const name = `c${era}_${names.size}`;
      names.set(text, name);
      return name;
    },
    renew() {
      era += 1;
      names = new Map();
    },
  };
}
