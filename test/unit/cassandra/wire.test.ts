import { describe, expect, it } from 'vitest';
import { CqlError, encodeFrame, opcodes, parseFrame, query, readAnswer } from '../../../strategies/datastores/cassandra/guest/wire.ts';

const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const int = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
const text = (value: string): Buffer => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)]);
const value = (...bytes: Buffer[]): Buffer => Buffer.concat([int(Buffer.concat(bytes).length), ...bytes]);
const frameOf = (bytes: Buffer) => parseFrame(bytes)!.frame;

describe('the protocol', () => {
  it('waits for a whole frame and leaves what follows', () => {
    const frame = encodeFrame(1, opcodes.result, int(1));
    for (let cut = 0; cut < frame.length; cut++) expect(parseFrame(frame.subarray(0, cut))).toBeUndefined();
    expect(parseFrame(Buffer.concat([frame, Buffer.from('next')]))?.rest.toString()).toBe('next');
  });
  it('reads rows of every type that management asks for', () => {
    const column = (name: string, ...type: number[]): Buffer => Buffer.concat([text(name), ...type.map(short)]);
    const body = Buffer.concat([
      int(2), int(1), int(6), text('ks'), text('t'),
      column('name', 0x0d), column('ok', 0x04), column('size', 0x02), column('words', 0x22, 0x0d), column('pairs', 0x21, 0x0d, 0x0d), column('nothing', 0x09), int(1),
      value(Buffer.from('ü')), value(Buffer.from([1])), value(Buffer.alloc(7), Buffer.from([5])), value(int(2), value(Buffer.from('a')), value(Buffer.from('b'))), value(int(1), value(Buffer.from('k')), value(Buffer.from('v'))), int(-1),
    ]);
    expect(readAnswer(frameOf(encodeFrame(1, opcodes.result, body)))).toEqual([{ name: 'ü', ok: true, size: 5, words: ['a', 'b'], pairs: [['k', 'v']], nothing: null }]);
  });
  it('tells what the server refuses with, behind its warnings', () => {
    const bytes = encodeFrame(1, opcodes.error, short(1), text('a warning'), int(0x2100), text('no permission'));
    bytes[1] = 0x08;
    expect(() => readAnswer(frameOf(bytes))).toThrow(new CqlError(0x2100, 'no permission'));
  });
  it('sends values apart from the statement', () => {
    const sent = query(1, 'select ?', [`it's`]);
    expect(sent.toString('latin1')).toContain('select ?');
    expect(sent.subarray(-8)).toEqual(value(Buffer.from(`it's`)));
  });
});
