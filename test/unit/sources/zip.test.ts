import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArtefacts } from '../../../strategies/sources/artefacts/artefact.ts';
import { layArtefacts } from '../../../strategies/sources/artefacts/lay-artefacts.ts';
import { extractEntry, listZip } from '../../../strategies/sources/artefacts/zip.ts';
import { keptPath } from '../../../strategies/sources/package-store.ts';
import { makeDirectory, packagesDirectory } from '../../../strategies/sources/paths.ts';

interface Member { name: string; content?: string; mode?: number; isStored?: boolean; flags?: number; claimedBytes?: number; method?: number }

/** A zip as programs write it, with a longer extra field in the local header than in the directory. */
function makeZip(members: readonly Member[], comment = ''): Buffer {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, content = '', mode = 0o100644, isStored = false, flags = 0, claimedBytes, method } of members) {
    const data = isStored ? Buffer.from(content) : deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method ?? (isStored ? 0 : 8), 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(claimedBytes ?? Buffer.byteLength(content), 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(mode * 0x10000, 38);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), Buffer.alloc(4), data);
    entries.push(entry, Buffer.from(name));
    offset += 30 + name.length + 4 + data.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, directory, end, Buffer.from(comment)]);
}

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-zip-')); });
afterAll(() => rm(folder, { recursive: true }));
const signal = AbortSignal.timeout(10_000);
let count = 0;
const write = async (content: Buffer): Promise<string> => { const path = join(folder, `${++count}.zip`); await writeFile(path, content); return path; };

describe('a zip file', () => {
  it('gives its entries back, deflated or stored or empty, whatever comment stands at its end', async () => {
    const text = 'engine '.repeat(5000);
    const path = await write(makeZip([{ name: 'bin/a', content: text, mode: 0o100755 }, { name: 'b', content: text, isStored: true }, { name: 'c', isStored: true }, { name: 'd' }], 'PK\x05\x06 is no end'));
    const entries = await listZip(path);
    expect(entries.map(({ name, sizeBytes, mode }) => ({ name, sizeBytes, isProgram: (mode & 0o111) !== 0 }))).toEqual([
      { name: 'bin/a', sizeBytes: text.length, isProgram: true }, { name: 'b', sizeBytes: text.length, isProgram: false },
      { name: 'c', sizeBytes: 0, isProgram: false }, { name: 'd', sizeBytes: 0, isProgram: false },
    ]);
    for (const entry of entries) {
      const target = join(folder, `${++count}`);
      await extractEntry(path, entry, target, signal);
      expect(await readFile(target, 'utf8')).toBe(entry.sizeBytes === 0 ? '' : text);
    }
  });

  it('never replaces a file', async () => {
    const path = await write(makeZip([{ name: 'a', content: 'new' }]));
    const target = join(folder, 'present');
    await writeFile(target, 'old');
    const [entry] = await listZip(path);
    await expect(extractEntry(path, entry!, target, signal)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(target, 'utf8')).toBe('old');
  });

  it.each([
    ['is cut off', makeZip([{ name: 'a', content: 'x' }]).subarray(0, -5), /no directory/],
    ['is none', Buffer.from('not a zip'), /no directory/],
    ['is encrypted', makeZip([{ name: 'a', content: 'x', flags: 1 }]), /a is encrypted/],
  ])('that %s is refused', async (_, content, words) => { await expect(listZip(await write(content))).rejects.toThrow(words); });

  it.each([
    ['grows beyond what it says', { name: 'a', content: 'x'.repeat(1000), claimedBytes: 10 }, /larger than the directory says/],
    ['is shorter than it says', { name: 'a', content: 'x', claimedBytes: 10 }, /shorter than the directory says/],
    ['is compressed in another way', { name: 'a', content: 'x', method: 14 }, /method 14/],
  ])('with an entry that %s is refused', async (_, member, words) => {
    const path = await write(makeZip([member]));
    const [entry] = await listZip(path);
    await expect(extractEntry(path, entry!, join(folder, `${++count}`), signal)).rejects.toThrow(words);
  });
});

describe('an archive in zip form', () => {
  const lay = async (members: readonly Member[]): Promise<string> => {
    const root = await mkdtemp(join(folder, 'store-'));
    const [artefact] = readArtefacts([{ kind: 'archive', name: 'engine', version: '1', url: 'https://example.org/e.zip', sha256: '0'.repeat(64), sizeBytes: 1, format: 'zip', strip: 1, into: 'opt/engine' }]);
    await makeDirectory(packagesDirectory(root));
    await writeFile(keptPath(root, artefact!.file), makeZip(members));
    await makeDirectory(join(root, 'prefix'));
    await layArtefacts(root, [artefact!], join(root, 'prefix'), signal);
    return join(root, 'prefix/opt/engine');
  };

  it('is laid out without its leading directory', async () => {
    expect(await readFile(join(await lay([{ name: 'e-1/' }, { name: 'e-1/bin/engined', content: 'program' }]), 'bin/engined'), 'utf8')).toBe('program');
  });

  it.each([
    ['climbs', [{ name: 'e/../../../victim', content: 'x' }], /unsafe path/],
    ['is absolute', [{ name: 'e//etc/victim', content: 'x' }], /unsafe path/],
    ['holds a link', [{ name: 'e/link', content: '/etc', mode: 0o120777 }], /links in a zip/],
    ['holds a file twice', [{ name: 'e/a', content: '1' }, { name: 'e/a', content: '2' }], /in the prefix already/],
  ])('is refused when it %s', async (_, members, words) => { await expect(lay(members)).rejects.toThrow(words); });
});
