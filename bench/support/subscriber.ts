/**
 * Subscriptions over `graphql-transport-ws`, as small as they can be: thousands of them, and the load generator shares
 * the machine with what it measures.
 */
import WebSocket from 'ws';

export interface Subscriber {
  /** When (on `performance.now`) the next message has come that the test passes; messages before the call do not count. */
  until(test: (text: string) => boolean): Promise<number>;
  next(): Promise<number>;
  close(): Promise<void>;
}
interface Waiting { test: ((text: string) => boolean) | null; resolve(at: number): void }

/** Resolves with the first message (the snapshot). */
export async function subscribe(url: string, token: string, query: string, variables: object): Promise<Subscriber> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
  let waiting: Waiting[] = [];
  let fail: (error: Error) => void = () => {};
  const wait = (test: Waiting['test']): Promise<number> => new Promise((resolve) => { waiting.push({ test, resolve }); });

  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })));
  socket.on('message', (data: Buffer) => {
    // Only its beginning is looked at: parsing 5,000 documents here would be part of what is measured.
    const kind = /"type":"(\w+)"/.exec(data.toString('latin1', 0, 200))?.[1];
    if (kind === 'connection_ack') return socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
    if (kind === 'ping') return socket.send('{"type":"pong"}');
    if (kind !== 'next') return fail(new Error(`the subscription said ${data.toString()}`));
    const at = performance.now();
    const told = waiting.filter(({ test }) => test === null || test(data.toString()));
    waiting = waiting.filter((one) => !told.includes(one));
    for (const { resolve } of told) resolve(at);
  });
  await new Promise<unknown>((resolve, reject) => {
    fail = reject;
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`the socket was closed: ${code} ${String(reason)}`)));
    wait(null).then(resolve, reject);
  });
  return {
    until: wait, next: () => wait(null),
    close: () => new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.terminate();
    }),
  };
}
