/** What an engine's answer says beside "ok": writes that failed, a journal that was not reached, more batches. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { deserialize, type Document, Long } from 'bson';
import { describe, expect, it } from 'vitest';
import { CommandError, type Connection, createConnection, encodeMessage } from '../../../strategies/datastores/mongodb/connection.ts';
import { adminOver, asFault } from '../../../strategies/datastores/mongodb/guest/management.ts';

const timeoutMs = 1_000;
const headBytes = 21;

/** An engine with these answers, one for each command. */
function engineOf(...answers: Document[]): { connection: Connection; asked: Document[] } {
  const asked: Document[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write(command: Buffer, _encoding, done) {
      asked.push(deserialize(command.subarray(headBytes), { promoteLongs: false }));
      const answer = encodeMessage(1, answers.shift() ?? {});
      answer.writeInt32LE(command.readInt32LE(4), 8);
      this.push(answer);
      done();
    },
  });
  return { connection: createConnection(socket as Socket), asked };
}
const failureOf = (answer: Document): Promise<unknown> => engineOf(answer).connection.command('admin', { update: 'x' }, timeoutMs).then(() => null, (error: unknown) => error);

describe('a command', () => {
  it('that went well is answered', async () => expect(await failureOf({ ok: 1, n: 1 })).toBeNull());
  it('fails with the first of its writes that failed', async () => {
    const failure = await failureOf({ ok: 1, n: 0, writeErrors: [{ index: 0, code: 11000, errmsg: 'E11000 duplicate key error' }, { index: 1, code: 2, errmsg: 'another' }] });
    expect(failure).toBeInstanceOf(CommandError);
    expect(failure).toMatchObject({ code: 11000, message: 'E11000 duplicate key error' });
  });
  it('fails when it is not where it was to be kept, and may be tried again', async () => {
    const failure = await failureOf({ ok: 1, writeConcernError: { code: 91, codeName: 'ShutdownInProgress', errmsg: 'Replication is being shut down' } });
    expect(failure).toMatchObject({ code: 91, codeName: 'ShutdownInProgress', message: 'Replication is being shut down' });
    expect(asFault(failure)).toMatchObject({ code: 'RETRYABLE' });
  });
});

describe('a cursor', () => {
  it.each([['small', Long.fromNumber(5)], ['below 2^53', Long.fromString('9007199254740991')], ['larger', Long.fromString('9223372036854775807')]])('with a %s number is read to its end by that number', async (_title, id) => {
    const { connection, asked } = engineOf({ ok: 1, cursor: { id, ns: 'admin.system.users', firstBatch: [{ n: 1 }] } }, { ok: 1, cursor: { id: Long.ZERO, ns: 'admin.system.users', nextBatch: [{ n: 2 }] } });
    expect(await adminOver(connection, () => timeoutMs).all('admin', { find: 'system.users' })).toEqual([{ n: 1 }, { n: 2 }]);
    expect(asked[1]).toMatchObject({ getMore: id, collection: 'system.users' });
  });
});
