import type { Command } from 'commander';
import { CreateProjectDocument, DeleteProjectDocument, ListProjectsDocument } from '../generated/documents.ts';
import { listAll } from '../api/pages.ts';
import { accepted } from '../api/refusal.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { findProject } from '../lookup.ts';
import { ageText } from '../output/units.ts';
import { confirm } from '../prompt/confirm.ts';
import { addLimitOption, type LimitOptions, printList } from './listing.ts';

export function addProjectCommands(program: Command, kit: Kit): void {
  const project = program.command('project').description('what instances, names and tokens belong to');
  addLimitOption(project.command('list').description('projects that the token sees')).action(action<LimitOptions>(kit, async (session, { limit }) => {
    const listed = await listAll(await session.client(), ListProjectsDocument, {}, ({ projects }) => projects, limit);
    printList(session, 'projects', listed, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'AGE', value: ({ createdAt }) => ageText(createdAt, session.terminal.nowMs()), align: 'right' },
      { title: 'ID', value: ({ id }) => id },
    ]);
  }));
  const create = project.command('create').description('make a project (operators)').argument('<name>', 'lower-case letters, digits and dashes').action(action<object, [string]>(kit, async (session, _options, name) => {
    const { project: made } = accepted((await (await session.client()).request(CreateProjectDocument, { input: { name } })).result);
    if (session.isJson) session.terminal.json(made);
    else session.terminal.line(`${made.name}  ${made.id}`);
  }));
  addExamples(create, [{ description: 'coffer project create web && coffer token create deploy --project web --role editor' }]);
  addYesOption(project.command('delete').description('remove a project; refused while it has instances (operators)').argument('<project>', 'name or id')).action(action<YesOptions, [string]>(kit, async (session, { yes }, reference) => {
    const client = await session.client();
    const { id, name } = await findProject(client, reference);
    await confirm(session, `This deletes the project ${name} and its tokens`, yes);
    const { project: gone } = accepted((await client.request(DeleteProjectDocument, { input: { projectId: id } })).result);
    if (session.isJson) session.terminal.json(gone);
    else session.terminal.line(`${gone.name} is deleted`);
  }));
}
