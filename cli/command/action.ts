import type { Command } from 'commander';
import type { GlobalOptions } from './globals.ts';
import type { Session } from '../session/session.ts';

/** What the tree of commands needs from the program around it. */
export interface Kit {
  /** The session of a command, once its options are known. */
  open(command: Command): Session;
  openWith(options: GlobalOptions): Session;
  /** The parser does not understand the command line. */
  refuse(why: string): void;
}

/** A number ends the program with it; nothing means all is well. */
export type Outcome = number | void;

/** A command's work. Arguments come as commander parsed them, then nothing else: options and session stand first. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what commander hands over cannot be inferred, so each command says it
export function action<Options, Args extends unknown[] = []>(kit: Kit, run: (session: Session, options: Options, ...args: Args) => Promise<Outcome>): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2) as Args;
    const code = await run(kit.open(command), command.opts() as Options, ...args);
    if (typeof code === 'number') process.exitCode = code;
  };
}
