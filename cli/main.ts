/** The `coffer` command: parses, runs, and turns whatever happened into words and an exit code. */
import { CommanderError } from 'commander';
import type { GlobalOptions } from './command/globals.ts';
import { withOwnVersion } from './command/own-version.ts';
import { exitCodes, Failure, usageFailure } from './failure.ts';
import { failureJson, renderFailure } from './output/failure-text.ts';
import { createTerminal, type Terminal } from './output/terminal.ts';
import { createProgram } from './program.ts';
import { createSession, type Session } from './session/session.ts';

const ending = new AbortController();
const argv = process.argv.slice(2);

/** Before the parser has spoken, or when it refuses to: how failures are told. */
const isMentioned = (option: string): boolean => argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes(option);

const terminal: Terminal = createTerminal({
  out: process.stdout, error: process.stderr, isInputTty: process.stdin.isTTY === true, env: process.env, isColourWanted: !isMentioned('--no-color'),
});

const openWith = (options: GlobalOptions): Session => createSession({ terminal, env: process.env, options, signal: ending.signal });

function listenForEnd(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(exitCodes.interrupted); // asked twice
      ending.abort(new Failure('ended', { code: 'CLIENT.INTERRUPTED', exitCode: exitCodes.interrupted }));
    });
  }
  // A reader that has seen enough (`| head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failure));
  }
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // commander has said it already
  const failure = error instanceof Failure ? error : asFailure(error);
  // Who pressed Ctrl-C knows; only what still runs is news.
  if (failure.code === 'CLIENT.INTERRUPTED' && !failure.details.operation) return failure.exitCode;
  if (isMentioned('--json')) terminal.note(JSON.stringify(failureJson(failure), null, 2));
  else for (const line of renderFailure(failure, terminal.errorStyle)) terminal.note(line);
  return failure.exitCode;
}

function asFailure(error: unknown): Failure {
  const words = error instanceof Error ? error.message : String(error);
  return new Failure(`unexpected: ${words}`, { remedy: isMentioned('--debug') && error instanceof Error ? (error.stack ?? null) : 'Please report it; --debug tells more' });
}

listenForEnd();
const program = createProgram({
  open: (command) => openWith(command.optsWithGlobals()), openWith,
  refuse: (why) => void tell(usageFailure(why, 'Add --help to see what is possible')),
});
try {
  await program.parseAsync(withOwnVersion(argv), { from: 'user' });
} catch (error) {
  process.exitCode = tell(error);
}
