/**
 * Subscriptions over `graphql-transport-ws`, as small as they can be: thousands of them, and the load generator shares
 * the machine with what it measures.
 */
import WebSocket from 'ws';

export interface Subscriber {
  /** of the message that came last */
  receivedAt(): number;
  messages(): number;
  /** the next message after the ones that have come */
  next(): Promise<number>;
  close(): Promise<void>;
}

/** Resolves with the first message (the snapshot). */
export async function subscribe(url: string, token: string, query: string, variables: object): Promise<Subscriber> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
  let messages = 0;
  let receivedAt = 0;
  let waiting: ((at: number) => void)[] = [];
  let failed: ((error: Error) => void) | null = null;
  const next = (): Promise<number> => new Promise((resolve) => { waiting.push(resolve); });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })));
  socket.on('message', (data: Buffer) => {
    // Only its beginning is looked at: parsing 5,000 documents here would be part of what is measured.
    const kind = /"type":"(\w+)"/.exec(data.toString('latin1', 0, 200))?.[1];
    if (kind === 'connection_ack') return socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
    if (kind !== 'next') return kind === 'ping' ? socket.send('{"type":"pong"}') : failed?.(new Error(`the subscription said ${data.toString()}`));
    receivedAt = performance.now();
    messages += 1;
    const told = waiting;
    waiting = [];
    for (const resolve of told) resolve(receivedAt);
  });
  await Promise.race([next(), new Promise<never>((_resolve, reject) => {
    failed = reject;
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`the socket was closed: ${code} ${String(reason)}`)));
  })]);
  return {
    receivedAt: () => receivedAt, messages: () => messages, next,
    close: () => new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.terminate();
    }),
  };
}
