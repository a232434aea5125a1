import type { EngineExit, EngineHandle } from '../../strategies/spi/guest.ts';

export function describeExit(exit: EngineExit): string {
  if (exit.signal) return `The engine was ended by ${exit.signal}`;
  if (exit.code !== null) return `The engine ended by itself with code ${exit.code}`;
  return 'The engine ended unexpectedly';
}

const toldLines = 5;
const toldCharacters = 2_000;
/** Of a start that failed with new values: the failure with the end of the engine's log where the plugin gave none of it. */
export async function describeFailedStart(error: unknown, engine: Pick<EngineHandle, 'logTail'>): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const lines = await engine.logTail(toldLines);
  const last = lines.at(-1);
  return (last !== undefined && !message.includes(last) ? `${message} (last lines of its log: ${lines.join(' / ')})` : message).slice(0, toldCharacters);
}

/** The failure with the engine's own last words where the plugin gave none. */
export async function describeFailure(error: unknown, engine: Pick<EngineHandle, 'logTail'>): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const [line] = (await engine.logTail(1)).slice(-1);
  return line && !message.includes(line) ? `${message} (last line of its log: ${line})` : message;
}
