import { createPrivateKey, X509Certificate } from 'node:crypto';
import { crc32 } from 'node:zlib';
import bcrypt from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { bcryptSalt, dateStatistics, roleFiles, unsignedVint } from '../../../strategies/datastores/cassandra/guest/first-role.ts';
import { createSelfSigned } from '../../../strategies/datastores/cassandra/guest/self-signed.ts';

const nowMs = Date.UTC(2027, 0, 1);
const hash = bcrypt.hashSync('a secret', bcryptSalt(4));

describe('the file with the first role', () => {
  const files = roleFiles(hash, nowMs);
  const data = files['Data.db'] as Buffer;
  const statistics = files['Statistics.db'] as Buffer;

  it('holds the role and the hash, in the form every server reads', () => {
    expect(data.subarray(2, 8).toString()).toBe('coffer');
    expect(data.includes(hash)).toBe(true);
    expect(hash).toMatch(/^\$2a\$04\$/);
    expect(bcrypt.compareSync('a secret', hash)).toBe(true);
  });
  it('holds its sums', () => {
    expect(files['Digest.crc32']).toBe(String(crc32(data)));
    expect((files['CRC.db'] as Buffer).readUInt32BE(4)).toBe(crc32(data));
    expect(String(files['TOC.txt']).trim().split('\n').sort()).toEqual(Object.keys(files).sort());
  });
  it('is complete when its rows are there: what has none the engine removes', () => expect(Object.keys(files).at(-1)).toBe('Data.db'));
  it('is dated, and dated again as if it had been made then', () => {
    const later = BigInt(nowMs + 86_400_000) * 1_000n;
    expect(dateStatistics(statistics, later).equals(statistics)).toBe(false);
    expect(dateStatistics(dateStatistics(statistics, later), BigInt(nowMs) * 1_000n).equals(statistics)).toBe(true);
    // Over a border where the number takes a byte more.
    const far = BigInt(Date.UTC(2040, 0, 1)) * 1_000n;
    expect(dateStatistics(statistics, far)).toHaveLength(statistics.length + 1);
    expect(dateStatistics(dateStatistics(statistics, far), BigInt(nowMs) * 1_000n).equals(statistics)).toBe(true);
  });
});

it.each([[0n, '00'], [127n, '7f'], [128n, '8080'], [16_383n, 'bfff'], [16_384n, 'c04000'], [2n ** 56n - 1n, 'feffffffffffffff'], [2n ** 56n, 'ff0100000000000000'], [2n ** 64n - 1n, 'ffffffffffffffffff']])('%s is written with as many ones as bytes follow', (value, hex) => {
  expect(unsignedVint(value).toString('hex')).toBe(hex);
});

it('a key vouches for itself, under a name, without an end', async () => {
  const { key, certificate } = await createSelfSigned('inst_1', nowMs);
  const read = new X509Certificate(certificate);
  expect(read.subject).toBe('CN=inst_1');
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(new Date(read.validTo).getUTCFullYear()).toBe(9999);
  expect(new Date(read.validFrom).getTime()).toBe(nowMs);
});
