import { describe, expect, it } from 'vitest';
import { hasRunPathTag, parseSegments } from '../../../strategies/sources/debian/elf.ts';
import { loaderPath, relinkedRunPath } from '../../../strategies/sources/debian/relink.ts';
import { relativeTarget } from '../../../strategies/sources/tidy.ts';

const library = '/b/usr/lib/x86_64-linux-gnu';
const none = (): boolean => false;

describe('where a relinked file looks for libraries', () => {
  it('is its prefix', () => {
    expect(relinkedRunPath('', '/b', none)).toBe(library);
    expect(loaderPath('/b')).toBe(`${library}/ld-linux-x86-64.so.2`);
  });

  it('is its own relative place first', () => {
    expect(relinkedRunPath('$ORIGIN:$ORIGIN/../lib', '/b', none)).toBe(`$ORIGIN:$ORIGIN/../lib:${library}`);
  });

  it('is an absolute place inside the prefix if the prefix has it, and never one of the host', () => {
    const has = (path: string): boolean => path === '/usr/lib/x86_64-linux-gnu/private';
    expect(relinkedRunPath('/usr/lib/x86_64-linux-gnu/private:/opt/lib:lib', '/b', has)).toBe(`${library}/private:${library}`);
  });

  it('stays the same when it is relinked for the same place twice', () => {
    const once = relinkedRunPath('$ORIGIN/../lib', '/b', none);
    expect(relinkedRunPath(once, '/b', none)).toBe(once);
  });
});

describe('absolute links of a package', () => {
  it.each([
    ['/b/usr/lib64/ld.so', '/usr/lib/ld.so', '../lib/ld.so'],
    ['/b/usr/lib/jvm/java/conf', '/etc/java', '../../../../etc/java'],
    ['/b/x', '/y', 'y'],
  ])('%s → %s becomes %s', (link, target, relative) => { expect(relativeTarget('/b', link, target)).toBe(relative); });
});

describe('an ELF file', () => {
  const segment = (type: number, offset: number, size: number): Buffer => {
    const entry = Buffer.alloc(56);
    entry.writeUInt32LE(type, 0);
    entry.writeBigUInt64LE(BigInt(offset), 8);
    entry.writeBigUInt64LE(BigInt(size), 32);
    return entry;
  };
  const dynamic = (...tags: number[]): Buffer => Buffer.concat(tags.map((tag) => { const entry = Buffer.alloc(16); entry.writeBigInt64LE(BigInt(tag)); return entry; }));

  it('has its segments in a table', () => {
    const table = Buffer.concat([segment(3, 0x318, 28), segment(2, 0x2000, 512)]);
    expect(parseSegments(table, 56, 2)).toEqual([{ type: 3, offset: 0x318, sizeBytes: 28 }, { type: 2, offset: 0x2000, sizeBytes: 512 }]);
    expect(parseSegments(table.subarray(0, 60), 56, 9)).toHaveLength(1);
  });

  it('tells by its dynamic section whether it names places of libraries', () => {
    expect(hasRunPathTag(dynamic(1, 5, 29, 0))).toBe(true);
    expect(hasRunPathTag(dynamic(1, 15))).toBe(true);
    expect(hasRunPathTag(dynamic(1, 5, 0, 29))).toBe(false);
    expect(hasRunPathTag(Buffer.alloc(7))).toBe(false);
  });
});
