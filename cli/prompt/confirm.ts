/** Questions before something is lost. Nobody is asked where nobody can answer: scripts say --yes. */
import { createInterface } from 'node:readline/promises';
import { usageFailure } from '../failure.ts';
import { printable } from '../output/text.ts';
import type { Session } from '../session/session.ts';

const needsYes = (what: string): Error => usageFailure(`${what}: that has to be confirmed, and there is no terminal to ask at`, 'Add --yes');

/** Goes on only when the person types the name of what will be gone. */
export async function confirmByName(session: Session, what: string, name: string, isConfirmed: boolean | undefined): Promise<void> {
  if (isConfirmed) return;
  if (!session.terminal.isInteractive) throw needsYes(what);
  session.terminal.note(`${what}. This cannot be undone.`);
  const answer = await ask(session, `Type ${session.terminal.errorStyle.bold(printable(name))} to go on: `);
  if (answer !== name) throw usageFailure('that is not its name; nothing was changed');
}

export async function confirm(session: Session, what: string, isConfirmed: boolean | undefined): Promise<void> {
  if (isConfirmed) return;
  if (!session.terminal.isInteractive) throw needsYes(what);
  const answer = await ask(session, `${what}. Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer)) throw usageFailure('nothing was changed');
}

export async function ask(session: Session, question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(question, { signal: session.signal })).trim();
  } catch (error) {
    session.signal.throwIfAborted();
    throw (error as Error).name === 'AbortError' ? usageFailure('nothing was changed') : error;
  } finally {
    prompt.close();
  }
}
