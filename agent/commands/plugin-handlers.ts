/** What a plugin adds to the API: its handlers by name, and the data that goes in and out. */
import { type GraphqlArguments, GuestFault } from '../../strategies/spi/guest.ts';

const mostBytes = 64 * 1024;

/** The manifest promised it: that it is not there is told, and nothing a repeat would change. */
export function handlerOf<Handler>(handlers: Readonly<Record<string, Handler>> | undefined, name: string): Handler {
  if (handlers && Object.hasOwn(handlers, name)) return handlers[name]!;
  throw new GuestFault('REFUSED', `the plugin of this instance does not know ${name}`);
}

export function parseArguments(json: string): GraphqlArguments {
  const found = JSON.parse(json) as unknown;
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new TypeError('arguments must be an object');
  return found as GraphqlArguments;
}

export function answerJson(name: string, value: unknown): string {
  const json = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(json);
  if (bytes > mostBytes) throw new GuestFault('FAILED', `the plugin's answer for ${name} has ${bytes} bytes; ${mostBytes} are allowed`);
  return json;
}
