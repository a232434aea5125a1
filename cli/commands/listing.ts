/** What every `list` has in common. */
import { type Command, Option } from 'commander';
import { defaultLimit, type Listed } from '../api/pages.ts';
import { wholeNumber } from '../command/parse.ts';
import type { Column } from '../output/table.ts';
import type { Session } from '../session/session.ts';

export interface LimitOptions { limit: number }

export const addLimitOption = (command: Command, fallback = defaultLimit): Command =>
  command.addOption(new Option('--limit <number>', 'at most so many').argParser(wholeNumber(1, 1_000_000)).default(fallback));

export function printList<Row>(session: Session, what: string, { nodes, totalCount }: Listed<Row>, columns: readonly Column<Row>[]): void {
  const { terminal } = session;
  if (session.isJson) terminal.json(nodes);
  else if (nodes.length === 0) terminal.note(`No ${what}.`);
  else terminal.table(columns, nodes);
  if (totalCount > nodes.length && nodes.length > 0) terminal.note(`${nodes.length} of ${totalCount} ${what}; --limit gives more.`);
}
