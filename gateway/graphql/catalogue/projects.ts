import type { Connection, Page, ProjectDoc, VersionDoc } from '../../domain/api.ts';
import { pageOf } from '../connection.ts';
import type { GraphqlContext } from '../context.ts';

/** One look-up for all versions of an answer. A project that was deleted a moment ago is left out. */
export async function projectsOf(ctx: GraphqlContext, version: VersionDoc, args: Page): Promise<Connection<ProjectDoc> | null> {
  if (ctx.caller.role !== 'OPERATOR') return null;
  const page = pageOf(version.projectIds, args, (id) => id, ctx.limits.defaultListSize);
  const projects = await Promise.all(page.edges.map(({ node: id }) => ctx.projects.load(id)));
  return { ...page, edges: page.edges.flatMap(({ cursor }, i) => (projects[i] ? [{ cursor, node: projects[i] }] : [])) };
}
