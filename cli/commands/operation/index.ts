import { type Command, Option } from 'commander';
import { CancelOperationDocument, ListOperationsDocument, type OperationState, RetryOperationDocument, ShowOperationDocument } from '../../generated/documents.ts';
import { listAll } from '../../api/pages.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { someOf } from '../../command/parse.ts';
import { notFoundFailure } from '../../failure.ts';
import { findInstance, findOperation, projectId } from '../../lookup.ts';
import { paintWord } from '../../output/style.ts';
import { ageText, percentText } from '../../output/units.ts';
import { requireSuccess, waitForOperation } from '../../wait/wait-operation.ts';
import { subjectName } from '../../wait/operation-view.ts';
import { addLimitOption, type LimitOptions, printList } from '../listing.ts';
import { printOperation } from './print.ts';
import { showOperation } from './show.ts';

const states = ['PENDING', 'RUNNING', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const satisfies readonly OperationState[];
const newestShown = 50;
interface ListOptions extends LimitOptions { instance?: string; state?: OperationState[]; kind?: string }

const reference = ['<operation>', 'its id, or an instance: its newest operation'] as const;

export function addOperationCommands(program: Command, kit: Kit): void {
  const operation = program.command('operation').description('changes, running and past');

  const list = addLimitOption(operation.command('list').description('operations, newest first'), newestShown)
    .option('--instance <instance>', 'only of this one')
    .addOption(new Option('--state <state>', `only in one of these, separated by commas: ${states.join(', ').toLowerCase()}`).argParser(someOf(states)))
    .option('--kind <kind>', 'only of this kind, such as instance.create')
    .action(action<ListOptions>(kit, async (session, { limit, instance, state, kind }) => {
      const client = await session.client();
      const subjectId = instance === undefined ? undefined : (await findInstance(session, client, instance)).id;
      const listed = await listAll(client, ListOperationsDocument, { filter: { subjectId, state, kind, projectId: await projectId(session, client) } }, ({ operations }) => operations, limit);
      const { style, nowMs } = session.terminal;
      printList(session, 'operations', listed, [
        { title: 'ID', value: ({ id }) => id },
        { title: 'KIND', value: ({ kind: name }) => name },
        { title: 'SUBJECT', value: (one) => subjectName(one) },
        { title: 'STATE', value: ({ state: name }) => name, paint: (text) => paintWord(style, text) },
        { title: 'PROGRESS', value: ({ progress }) => percentText(progress), align: 'right' },
        { title: 'STEP', value: ({ step, state: name }) => (name === 'SUCCEEDED' ? null : step) },
        { title: 'BY', value: ({ actor }) => actor },
        { title: 'AGE', value: ({ createdAt }) => ageText(createdAt, nowMs()), align: 'right' },
      ]);
    }));
  addExamples(list, [{ description: 'coffer operation list --instance shop' }, { description: 'coffer operation list --state failed --limit 10' }]);

  operation.command('show').description('an operation with its steps').argument(...reference).action(action<object, [string]>(kit, async (session, _options, given) => {
    const client = await session.client();
    const { node } = await client.request(ShowOperationDocument, { id: await findOperation(session, client, given) });
    if (node?.__typename !== 'Operation') throw notFoundFailure(`there is no operation "${given}" that this token sees`, 'See `coffer operation list`');
    showOperation(session, node);
  }));

  const watch = operation.command('watch').description('follow an operation to its end; fails when it does').argument(...reference).action(action<object, [string]>(kit, async (session, _options, given) => {
    const client = await session.client();
    const ended = await waitForOperation(session, client, await findOperation(session, client, given));
    if (session.isJson) session.terminal.json({ operation: ended });
    else session.terminal.line(`${ended.kind} ${paintWord(session.terminal.style, ended.state)}  ${ended.id}`);
    requireSuccess(ended);
  }));
  addExamples(watch, [{ description: 'coffer operation watch shop' }]);

  addWaitOptions(operation.command('cancel').description('end an operation and undo what it has done').argument(...reference)).action(action<WaitOptions, [string]>(kit, async (session, { wait }, given) => {
    const client = await session.client();
    const { operation: asked } = accepted((await client.request(CancelOperationDocument, { input: { operationId: await findOperation(session, client, given) } })).result);
    const now = wait === false ? asked : await waitForOperation(session, client, asked.id);
    if (session.isJson) session.terminal.json({ operation: now });
    else session.terminal.line(`${now.kind} ${paintWord(session.terminal.style, now.state)}  ${now.id}`);
    // Cancelled is what was wanted; that it succeeded or failed first is not.
    if (wait !== false && now.state !== 'CANCELLED') return 1;
  }));

  addWaitOptions(operation.command('retry').description('go on at the step that failed').argument(...reference)).action(action<WaitOptions, [string]>(kit, async (session, { wait }, given) => {
    const client = await session.client();
    const { operation: again } = accepted((await client.request(RetryOperationDocument, { input: { operationId: await findOperation(session, client, given) } })).result);
    await printOperation(session, client, again, wait);
  }));
}
