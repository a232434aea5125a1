/** The server's log is JSON, a line for each event. https://www.mongodb.com/docs/manual/reference/log-messages/ */
const maxEvents = 3;
const maxLength = 600;

interface Event { s?: string; msg?: string; attr?: { error?: string | { errmsg?: string } } }

/** What went wrong last, in the server's words: its errors and fatal assertions. */
export const tellErrors = (log: string): string =>
  log.split('\n').map(parse).filter(({ s }) => s === 'E' || s === 'F').slice(-maxEvents).map(tell).join('; ').slice(0, maxLength) || 'its log tells no error';

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

const tell = (event: Event): string => [event.msg, reasonOf(event)].filter(Boolean).join(': ');
const reasonOf = ({ attr }: Event): string | undefined => (typeof attr?.error === 'string' ? attr.error : attr?.error?.errmsg);
