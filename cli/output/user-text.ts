/** A user of an engine in tables and messages: the name, and what else tells it from others of that name. */
export const userText = ({ name, host, authDatabase }: { name: string; host?: string | null; authDatabase?: string | null }): string =>
  `${name}${host ? `@${host}` : ''}${authDatabase ? ` (${authDatabase})` : ''}`;
