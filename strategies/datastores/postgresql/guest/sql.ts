/** Text for statements that take no parameters (most of what defines roles and databases). */

export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error('not an identifier');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Right whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  if (text.includes('\0')) throw new Error('not a text');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}

/** A value in postgresql.conf, on one line. https://www.postgresql.org/docs/current/config-setting.html */
export const configValue = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
