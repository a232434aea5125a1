import type { EngineExit, EngineHandle } from '../../strategies/spi/guest.ts';

export function describeExit(exit: EngineExit): string {
  if (exit.signal) return `The engine was ended by ${exit.signal}`;
  if (exit.code !== null) return `The engine ended by itself with code ${exit.code}`;
  return 'The engine ended unexpectedly';
}

/** The failure with the engine's own last words where the plugin gave none. */
export async function describeFailure(error: unknown, engine: Pick<EngineHandle, 'logTail'>): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const [line] = (await engine.logTail(1)).slice(-1);
  return line && !message.includes(line) ? `${message} (last line of its log: ${line})` : message;
}
