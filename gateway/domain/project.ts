import { invalidInput, notFound } from '../../kernel/errors.ts';
import type { Tx } from '../store/tx.ts';
import type { Caller } from './api.ts';
import { isGiven } from './given.ts';

/** The project a request is about: the given one, the token's, or the only one there is. */
export async function resolveProject(tx: Tx, caller: Caller, given: string | null | undefined, path: string[]): Promise<string> {
  if (caller.role !== 'OPERATOR') {
    if (isGiven(given) && given !== caller.projectId) throw notFound(`project ${given}`);
    return caller.projectId!;
  }
  if (isGiven(given)) {
    const [row] = await tx.query<{ id: string }>('select id from project where id = $1 and deleted_at is null', [given]);
    if (!row) throw notFound(`project ${given}`);
    return row.id;
  }
  const rows = await tx.query<{ id: string }>('select id from project where deleted_at is null order by id limit 2');
  if (rows.length === 1) return rows[0]!.id;
  throw invalidInput([{ path, message: rows.length === 0 ? 'there is no project yet; create one with createProject' : 'there are several projects; say which' }]);
}
