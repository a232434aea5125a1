/** The engine's protocol (RESP2): commands out, one reply each. */

/** @typedef {string | number | null | Reply[] | EngineError} Reply */

/** The engine's own refusal; its first word is its kind: NOAUTH, WRONGPASS, LOADING, ERR… */
export class EngineError extends Error {
  get kind() { return this.message.split(' ', 1)[0] ?? 'ERR'; }
}
/** It took the connection and says nothing. */
export class Silence extends Error {}

const encode = (/** @type {readonly string[]} */ words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/**
 * The reply that begins at `from`, or undefined while it is not complete.
 *
 * @param {Buffer} data
 * @param {number} from
 * @returns {{ reply: Reply, next: number } | undefined}
 */
export function parseReply(data, from = 0) {
  const end = data.indexOf('\r\n', from);
  if (end < 0) return undefined;
  const line = data.toString('utf8', from + 1, end);
  const next = end + 2;
  const length = Number(line);
  switch (String.fromCharCode(data[from] ?? 0)) {
    case '+': return { reply: line, next };
    case '-': return { reply: new EngineError(line), next };
    case ':': return { reply: length, next };
    case '$':
      if (length < 0) return { reply: null, next };
      return data.length < next + length + 2 ? undefined : { reply: data.toString('utf8', next, next + length), next: next + length + 2 };
    case '*': {
      /** @type {Reply[]} */
      const items = [];
      let at = next;
      for (let i = 0; i < length; i++) {
        const item = parseReply(data, at);
        if (!item) return undefined;
        items.push(item.reply);
        at = item.next;
      }
      return { reply: items, next: at };
    }
    default: throw new Error('the engine sent something that is no reply');
  }
}

/**
 * Commands over one connection, one after the other; the replies, refusals among them. Destroys the socket.
 *
 * @param {import('node:net').Socket} socket
 * @param {string[][]} commands
 * @param {AbortSignal} signal
 * @returns {Promise<Reply[]>}
 */
export function converse(socket, commands, signal) {
  return new Promise((resolve, reject) => {
    /** @type {Reply[]} */
    const replies = [];
    /** @type {Buffer} */
    let heard = Buffer.alloc(0);
    const onAbort = () => socket.destroy(new Silence('no answer in time'));
    const send = () => socket.write(encode(commands[replies.length] ?? []));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      reject(new Error('the engine closed the connection'));
    });
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', send);
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      const parsed = parseReply(heard);
      if (!parsed) return;
      heard = heard.subarray(parsed.next);
      replies.push(parsed.reply);
      if (replies.length < commands.length) return void send();
      resolve(replies);
      socket.destroy();
    });
  });
}
