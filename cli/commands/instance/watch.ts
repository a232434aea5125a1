import { type Command, Option } from 'commander';
import { type InstanceStateFragment, WatchInstanceDocument, WatchInstancesDocument } from '../../generated/documents.ts';
import type { Client } from '../../api/client.ts';
import { follow } from '../../api/follow.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples } from '../../command/help.ts';
import { oneOf } from '../../command/parse.ts';
import { Failure, usageFailure } from '../../failure.ts';
import { findInstance, projectId } from '../../lookup.ts';
import { printable } from '../../output/text.ts';
import type { Session } from '../../session/session.ts';
import { stateLine } from './present.ts';
import { statuses } from './read.ts';

interface WatchOptions { until?: string; after?: string }

export function addWatchCommand(parent: Command, kit: Kit): void {
  const command = parent.command('watch').description('tell every change of one instance, or of all, until Ctrl-C').argument('[instance]', 'name or id; all that the token sees when left out')
    .addOption(new Option('--until <status>', 'end as soon as the instance has this status, or `deleted`').argParser(oneOf([...statuses, 'DELETED'] as const)))
    .option('--after <cursor>', 'go on from a cursor of an earlier --json line')
    .action(action<WatchOptions, [string | undefined]>(kit, async (session, options, reference) => {
      const client = await session.client();
      if (reference === undefined && options.until) throw usageFailure('--until needs one instance');
      await (reference === undefined ? watchAll(session, client, options) : watchOne(session, client, reference, options));
    }));
  addExamples(command, [{ description: 'coffer instance watch shop' }, { does: 'wait for it, at most five minutes', description: 'coffer instance watch shop --until active --timeout 5m' }]);
}

const lossNotes = (session: Session) => ({
  onLost: (reason: string) => session.terminal.note(`The connection was lost (${reason}); coming back …`),
  onResumed: () => session.terminal.note('Connected again; nothing was missed.'),
});

type Tell = (change: string, cursor: unknown, instance: InstanceStateFragment) => void;

function createTell({ terminal, isJson }: Session): Tell {
  const told = new Map<string, InstanceStateFragment>();
  return (change, cursor, instance) => {
    if (isJson) return terminal.jsonLine({ change, cursor, instance });
    const line = stateLine(clock(terminal.nowMs()), instance, told.get(instance.id), terminal.style);
    if (line !== null) terminal.line(line);
    told.set(instance.id, instance);
  };
}

const clock = (nowMs: number): string => new Date(nowMs).toTimeString().slice(0, 8);

async function watchOne(session: Session, client: Client, reference: string, { until, after }: WatchOptions): Promise<void> {
  const { id, name } = await findInstance(session, client, reference);
  const tell = createTell(session);
  for await (const { change, cursor, instance } of follow(client, WatchInstanceDocument, { id, after }, { ...lossNotes(session), isLast: (update) => update.change === 'DELETED' })) {
    if (instance) tell(change, cursor, instance);
    else if (session.isJson) session.terminal.jsonLine({ change, cursor, instance: null, id });
    else session.terminal.line(`${printable(name)} is deleted`);
    if (until && until === (instance ? instance.status : 'DELETED')) return;
  }
  if (until) throw new Failure(`${name} was deleted before it was ${until.toLowerCase()}`, { code: 'RESOURCE.NOT_FOUND' });
}

async function watchAll(session: Session, client: Client, { after }: WatchOptions): Promise<void> {
  const names = new Map<string, string>();
  const tell = createTell(session);
  const filter = { projectId: await projectId(session, client) };
  for await (const update of follow(client, WatchInstancesDocument, { after, filter }, lossNotes(session))) {
    if (update.__typename === 'InstanceRemoved') {
      if (session.isJson) session.terminal.jsonLine({ change: 'DELETED', cursor: update.cursor, instance: null, id: update.id });
      else session.terminal.line(`${printable(names.get(update.id) ?? update.id)} is gone`);
      continue;
    }
    const isSnapshot = update.__typename === 'InstanceListSnapshot';
    for (const instance of isSnapshot ? update.instances : [update.instance]) {
      names.set(instance.id, instance.name);
      tell(isSnapshot ? (update.reset ? 'RESET' : 'SNAPSHOT') : 'UPDATED', update.cursor, instance);
    }
  }
}
