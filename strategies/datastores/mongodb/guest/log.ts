/** The server's log is JSON, a line for each event. https://www.mongodb.com/docs/manual/reference/log-messages/ */
const maxEvents = 3;
const maxLength = 600;

interface Event { s?: string; msg?: string; attr?: { error?: string | number | { errmsg?: string }; message?: string | { msg?: string } } }

/** What went wrong last, in the server's words: its errors and fatal assertions. */
export const tellErrors = (log: string): string =>
  [...new Set(log.split('\n').map(parse).filter(({ s }) => s === 'E' || s === 'F').map(tell).filter((words) => words !== ''))].slice(-maxEvents).join('; ').slice(0, maxLength) || 'its log tells no error';

/** The reason of a fatal error; null: there was none. */
export function tellFatal(log: string): string | null {
  const event = log.split('\n').map(parse).find(({ s }) => s === 'F');
  return event === undefined ? null : reasonOf(event) ?? event.msg ?? '';
}

function parse(line: string): Event {
  try {
    return JSON.parse(line) as Event;
  } catch {
    return {};
  }
}

const tell = (event: Event): string => [event.msg, reasonOf(event)].filter((words) => words && !isFarewell.test(words)).join(': ');
/** It says so whatever has happened. */
const isFarewell = /^\s*\*\*\*aborting/;
function reasonOf({ attr }: Event): string | undefined {
  const { error, message } = attr ?? {};
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && error.errmsg !== undefined) return error.errmsg;
  // the storage engine's, behind the place in its source
  return (typeof message === 'object' ? message.msg : message)?.replace(/^\w+:\d+:/, '');
}
