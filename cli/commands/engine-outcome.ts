/** What became of databases and users: a result each, final unless the operation still runs. */
import type { OperationHeadFragment } from '../generated/documents.ts';
import type { Client } from '../api/client.ts';
import { failureOfItem } from '../api/refusal.ts';
import { exitCodes, Failure } from '../failure.ts';
import { printable } from '../output/text.ts';
import { userText } from '../output/user-text.ts';
import type { Session } from '../session/session.ts';
import { finish } from '../wait/wait-operation.ts';

export interface ItemOutcome { name: string; host?: string | null; authDatabase?: string | null; error: { code: string; message: string; remedy: string | null } | null }
export interface Acted { operation: OperationHeadFragment; results: readonly ItemOutcome[] }

const isRunning = ({ state }: OperationHeadFragment): boolean => state === 'PENDING' || state === 'RUNNING' || state === 'CANCELLING';

/** Waits for a slow engine, so that what is told is the end. A fault of the operation is thrown only after it was told. */
export async function settle(session: Session, client: Client, acted: Acted): Promise<{ operation: OperationHeadFragment; problem: unknown }> {
  if (!isRunning(acted.operation)) return { operation: acted.operation, problem: firstProblem(acted) };
  try {
    return { operation: await finish(session, client, acted.operation, true), problem: null };
  } catch (problem) {
    return { operation: acted.operation, problem };
  }
}

function firstProblem({ operation, results }: Acted): Failure | null {
  const refused = results.filter(({ error }) => error !== null);
  const first = refused[0]?.error;
  if (first) {
    const message = refused.length === 1 ? `${printable(userText(refused[0]!))}: ${first.message}` : `${refused.length} of ${results.length} were refused; the first: ${first.message}`;
    return failureOfItem(message, first);
  }
  if (operation.state === 'SUCCEEDED') return null;
  return new Failure(`${operation.kind} ended as ${operation.state}`, { exitCode: exitCodes.failure, remedy: `See coffer operation show ${operation.id}` });
}

/** The usual end of such a command: results, then the failure if there was one. */
export async function tellOutcome(session: Session, client: Client, acted: Acted, done: string, extra: { json?: object; people?(): void } = {}): Promise<void> {
  const { operation, problem } = await settle(session, client, acted);
  const { terminal } = session;
  if (session.isJson) terminal.json({ operation, results: acted.results, ...extra.json });
  else {
    for (const { error, ...user } of acted.results) {
      const shown = printable(userText(user));
      if (error && acted.results.length === 1) continue; // the failure says it all
      terminal.line(error ? `${terminal.style.red('✗')} ${shown}: ${printable(error.message)}` : problem ? `? ${shown}` : `${terminal.style.green('✓')} ${shown} ${done}`);
    }
    extra.people?.();
  }
  if (problem) throw problem;
}
