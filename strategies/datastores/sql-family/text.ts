/** Text for statements. Right under the sql_mode that every session of ours begins with (backslash escapes, no ANSI quotes). */

export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error('not an identifier');
  return `\`${name.replaceAll('`', '``')}\``;
}

export function literal(text: string): string {
  if (text.includes('\0')) throw new Error('not a text');
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export interface Account { name: string; host: string }
export const account = ({ name, host }: Account): string => `${literal(name)}@${literal(host)}`;
export const tellAccount = ({ name, host }: Account): string => (host === anyHost ? `"${name}"` : `"${name}" at ${host}`);
/** Of an account that was given none. */
export const anyHost = '%';
