import type { OperationHeadFragment } from '../../generated/documents.ts';
import type { Client } from '../../api/client.ts';
import { paintWord } from '../../output/style.ts';
import type { Session } from '../../session/session.ts';
import { finish } from '../../wait/wait-operation.ts';

/** An operation that was just accepted: waited for or not, then told. */
export async function printOperation(session: Session, client: Client, operation: OperationHeadFragment, wait: boolean | undefined): Promise<void> {
  const now = await finish(session, client, operation, wait !== false);
  const { terminal } = session;
  if (session.isJson) terminal.json({ operation: now });
  else terminal.line(`${now.kind} ${paintWord(terminal.style, now.state)}  ${now.id}`);
  if (!session.isJson && wait === false) terminal.note(`Watch it: coffer operation watch ${now.id}`);
}
