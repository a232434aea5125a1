/** Lists of any length, a page at a time. */
import type { TypedDocument } from '../generated/documents.ts';
import type { Client } from './client.ts';

export interface Page<Node> { totalCount: number; edges: readonly { node: Node }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }
export interface Listed<Node> { nodes: Node[]; totalCount: number }

const pageSize = 100;
/** What a list prints when `--limit` does not say otherwise. */
export const defaultLimit = 1_000;

export async function listAll<Node, Result, Variables extends { first: number; after?: string | null | undefined }>(
  client: Client, document: TypedDocument<Result, Variables>, variables: Omit<Variables, 'first' | 'after'>, pick: (result: Result) => Page<Node>, limit = defaultLimit, size = pageSize,
): Promise<Listed<Node>> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (;;) {
    const first = Math.min(size, limit - nodes.length);
    const page: Page<Node> = pick(await client.request(document, { ...variables, first, after } as unknown as Variables));
    nodes.push(...page.edges.map(({ node }) => node));
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage || nodes.length >= limit || after === null || page.edges.length === 0) return { nodes, totalCount: page.totalCount };
  }
}
