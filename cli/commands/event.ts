import { type Command, Option } from 'commander';
import { type EventFilter, type EventRowFragment, ListEventsDocument, WatchEventsDocument } from '../generated/documents.ts';
import type { Client } from '../api/client.ts';
import { follow } from '../api/follow.ts';
import { listAll } from '../api/pages.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { wholeNumber } from '../command/parse.ts';
import { findInstance, findOperation, isId, projectId } from '../lookup.ts';
import type { Style } from '../output/style.ts';
import { printable } from '../output/text.ts';
import type { Session } from '../session/session.ts';
import { addLimitOption, type LimitOptions } from './listing.ts';

const newestShown = 50;
interface FilterOptions { instance?: string; operation?: string; subject?: string; type?: string }

const addFilterOptions = (command: Command): Command => command
  .option('--instance <instance>', 'only about this one')
  .option('--operation <operation>', 'only of this operation')
  .option('--subject <id>', 'only about what has this id')
  .option('--type <type>', 'only of this type, such as instance.updated; a star at its end matches any rest');

export function addEventCommands(program: Command, kit: Kit): void {
  const event = program.command('event').description('the log of all changes: who, what, when');
  const list = addLimitOption(addFilterOptions(event.command('list').description('past events, newest last')), newestShown).action(action<FilterOptions & LimitOptions>(kit, async (session, { limit, ...options }) => {
    const client = await session.client();
    const { nodes, totalCount } = await newestEvents(client, await filterOf(session, client, options), limit);
    if (session.isJson) session.terminal.json(nodes);
    else for (const one of nodes) tell(session, one);
    if (!session.isJson && nodes.length === 0) session.terminal.note('No events.');
    if (totalCount > nodes.length && nodes.length > 0) session.terminal.note(`the last ${nodes.length} of ${totalCount} events; --limit gives more.`);
  }));
  addExamples(list, [{ description: 'coffer event list --instance shop --limit 200' }]);

  const tail = addFilterOptions(event.command('tail').description('events as they happen, until Ctrl-C'))
    .addOption(new Option('--last <number>', 'begin with so many past ones').argParser(wholeNumber(0, 10_000)).default(0))
    .option('--after <cursor>', 'go on from the cursor of an earlier --json line')
    .action(action<FilterOptions & { last: number; after?: string }>(kit, tailEvents));
  addExamples(tail, [{ description: 'coffer event tail --type instance.*' }, { does: 'for programs: one JSON object a line', description: 'coffer event tail --json' }]);
}

async function tailEvents(session: Session, { last, after, ...options }: FilterOptions & { last: number; after?: string }): Promise<void> {
  const client = await session.client();
  const filter = await filterOf(session, client, options);
  const { nodes } = after === undefined ? await newestEvents(client, filter, Math.max(1, last)) : { nodes: [] };
  const newest = nodes.at(-1);
  const shown = last === 0 ? [] : nodes;
  for (const one of shown) tell(session, one);
  // Without past events to go on from, the stream begins now; their cursor only serves a connection lost before the first one.
  const from = after ?? shown.at(-1)?.cursor;
  const stream = follow(client, WatchEventsDocument, { after: from, filter }, {
    resumeFrom: newest?.cursor,
    onLost: (reason) => session.terminal.note(`The connection was lost (${reason}); coming back …`),
    onResumed: () => session.terminal.note('Connected again; nothing was missed.'),
  });
  for await (const one of stream) tell(session, one);
}

async function newestEvents(client: Client, filter: EventFilter, limit: number): Promise<{ nodes: EventRowFragment[]; totalCount: number }> {
  const { nodes, totalCount } = await listAll(client, ListEventsDocument, { filter }, ({ events }) => events, limit);
  return { nodes: nodes.toReversed(), totalCount };
}

async function filterOf(session: Session, client: Client, { instance, operation, subject, type }: FilterOptions): Promise<EventFilter> {
  const findSubject = async (reference: string): Promise<string> => (isId(reference, 'inst') ? reference : (await findInstance(session, client, reference)).id);
  return {
    // Events outlive what they are about: an id is taken as it is.
    subject: instance === undefined ? subject : await findSubject(instance),
    operationId: operation === undefined ? undefined : await findOperation(session, client, operation),
    type, projectId: await projectId(session, client),
  };
}

function tell(session: Session, event: EventRowFragment): void {
  if (session.isJson) session.terminal.jsonLine(event);
  else session.terminal.line(eventLine(event, session.terminal.style));
}

export function eventLine({ at, type, phase, actor, subject, operation, data }: EventRowFragment, style: Style): string {
  const phaseText = phase === 'ERROR' ? style.red(phase) : phase === 'END' ? style.green(phase) : style.dim(phase);
  const facts = data && typeof data === 'object' ? Object.entries(data).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ') : '';
  return [style.dim(at.replace('T', ' ').slice(0, 23)), style.bold(printable(type)), phaseText, subject, operation && operation !== subject ? style.dim(operation) : '', printable(actor), style.dim(printable(facts))].filter((part) => part).join('  ');
}
