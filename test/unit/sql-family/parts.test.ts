import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collationProblem, collationsOf, resolveCollation } from '../../../strategies/datastores/sql-family/collations.ts';
import { hostMatches, hostProblem } from '../../../strategies/datastores/sql-family/hosts.ts';
import { renderServerFile } from '../../../strategies/datastores/sql-family/option-file.ts';
import { grantedWords, heldWords, privilegeProblem } from '../../../strategies/datastores/sql-family/privileges.ts';
import { account, identifier, literal } from '../../../strategies/datastores/sql-family/text.ts';
import { frame, readGreeting, readLength, readRow, SqlError, takePacket } from '../../../strategies/datastores/sql-family/wire/packets.ts';
import { proofOf } from '../../../strategies/datastores/sql-family/wire/proof.ts';

const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !one.includes('\0'));

describe('quoting', () => {
  it('of identifiers is undone by halving back-quotes', () => {
    fc.assert(fc.property(text, (name) => {
      const body = identifier(name).slice(1, -1);
      expect(body.replaceAll('``', '`')).toBe(name);
      expect(body.replaceAll('``', '')).not.toContain('`');
    }));
  });
  it('of texts is undone by halving quotes and backslashes', () => {
    fc.assert(fc.property(text, (value) => {
      const body = literal(value).slice(1, -1);
      expect(body.replaceAll("''", "'").replaceAll('\\\\', '\\')).toBe(value);
      expect(body.replaceAll("''", '').replaceAll('\\\\', '')).not.toMatch(/['\\]/);
    }));
  });
  it('refuses what has no form', () => {
    for (const broken of ['a\0b', '']) expect(() => identifier(broken)).toThrow();
    expect(() => literal('a\0b')).toThrow();
  });
  it('of accounts keeps name and host apart', () => expect(account({ name: "o'x@y", host: '10.%' })).toBe("'o''x@y'@'10.%'"));
});

describe('hosts', () => {
  const forms = { cidr: true };
  it.each(['%', '127.0.0.1', '10.%', '10.0.%', '192.168.1._', '10.0.0.0/255.0.0.0', '10.0.0.0/8', '::1', 'fd00:%', 'fe80::1', '2001:db8::1:0:0:1', '2001:db8:0:1:1:1:1:1', 'fe80::1%eth0'])('%j is accepted', (host) => expect(hostProblem(host, forms)).toBeNull());
  it.each(['', 'localhost', 'LOCALHOST', 'db.example', '%.example', '10.0.0.1/8', '10.0.0.0/255.0.255.0', '10.0.0.0/0', '10.0.0.0/33', '::1/64', '300.1.1.1', "1' or '1", 'FD00::1', '1.2.3.4.5', 'a'.repeat(61)])('%j is not', (host) => expect(hostProblem(host, forms)).not.toBeNull());
  it.each([['0:0:0:0:0:0:0:1', '::1'], ['2001:db8:0:0::1', '2001:db8::1'], ['fd00::0001', 'fd00::1'], ['FD00::1', 'fd00::1'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:a00:1', '10.0.0.1'], ['::ffff:10.0.0.1', '10.0.0.1'], ['FE80::1%eth0', 'fe80::1%eth0']])('%j is refused for %j, as the servers spell it', (host, spelt) => {
    expect(hostProblem(host, forms)).toMatch(new RegExp(`: write ${spelt}$`));
    expect(hostProblem(spelt, forms)).toBeNull();
  });
  it('a network in its short form is not everybody\'s', () => expect(hostProblem('10.0.0.0/8', { cidr: false })).toMatch(/255\.0\.0\.0/));
  it.each([['%', '192.0.2.7', true], ['10.%', '10.1.2.3', true], ['10.%', '110.1.2.3', false], ['10.0.0.1', '10.0.0.1', true], ['10.0.0.1', '10.0.0.12', false], ['10.0.0._', '10.0.0.1', true], ['10.0.0._', '10.0.0.12', false],
    ['10.0.0.0/255.0.0.0', '10.200.1.1', true], ['10.0.0.0/8', '11.0.0.1', false], ['192.0.2.0/24', '192.0.2.255', true], ['fd00:%', 'fd00::7', true]] as const)('%s and %s: %s', (host, address, expected) => expect(hostMatches(host, address)).toBe(expected));
});

describe('privileges', () => {
  const table = { SELECT: 'Select_priv', INSERT: 'Insert_priv' };
  it('nothing named, or ALL, is everything; what is held comes back in the same words', () => {
    expect([grantedWords([], table), grantedWords(['all  privileges'], table), grantedWords([' insert '], table)]).toEqual([['ALL PRIVILEGES'], ['ALL PRIVILEGES'], ['INSERT']]);
    expect([heldWords({ Select_priv: 'Y', Insert_priv: 'Y' }, table), heldWords({ Select_priv: 'Y', Insert_priv: 'N' }, table), heldWords({}, table)]).toEqual([['ALL'], ['SELECT'], []]);
  });
  it('of the whole server, and passing on, are refused with a reason', () => {
    expect(privilegeProblem('grant option', table)).toMatch(/out of sight/);
    for (const word of ['SUPER', 'FILE', 'SELECT, INSERT', '']) expect(privilegeProblem(word, table)).toMatch(/not a privilege/);
  });
});

describe('collations', () => {
  const table = { utf8mb4: 'general_ci bin', latin1: 'swedish_ci german2_ci', binary: '=binary' };
  it('are those of the character set, its default first', () => {
    expect(collationsOf('utf8mb4', table)).toEqual(['utf8mb4_general_ci', 'utf8mb4_bin']);
    expect(collationsOf('binary', table)).toEqual(['binary']);
    expect(resolveCollation({ name: 'x' }, table)).toEqual({ characterSet: 'utf8mb4', collation: 'utf8mb4_general_ci' });
    expect(resolveCollation({ name: 'x', collation: 'LATIN1_German2_ci' }, table)).toEqual({ characterSet: 'latin1', collation: 'latin1_german2_ci' });
    expect(resolveCollation({ name: 'x', characterSet: 'UTF8' }, table)).toEqual({ characterSet: 'utf8mb4', collation: 'utf8mb4_general_ci' });
  });
  it('that do not fit are told at their field', () => {
    expect(collationProblem({ name: 'x', characterSet: 'klingon' }, table)).toMatchObject({ path: 'characterSet' });
    expect(collationProblem({ name: 'x', characterSet: 'latin1', collation: 'utf8mb4_bin' }, table)).toMatchObject({ path: 'collation' });
    expect(collationProblem({ name: 'x', collation: 'nothing_ci; drop database x' }, table)).toMatchObject({ path: 'collation' });
    expect(collationProblem({ name: 'x', characterSet: '__proto__' }, table)).toMatchObject({ path: 'characterSet' });
  });
});

describe('the protocol', () => {
  it('takes packets apart however they come', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 }), (payloads) => {
      let data = Buffer.concat(payloads.map((payload, index) => frame(index, Buffer.from(payload))));
      expect(takePacket(data.subarray(0, 3))).toBeUndefined();
      for (const payload of payloads) {
        const packet = takePacket(data);
        expect(packet?.payload).toEqual(Buffer.from(payload));
        data = packet!.rest as Buffer<ArrayBuffer>;
      }
      expect(data).toHaveLength(0);
    }));
  });
  it('reads lengths of every size, and rows with nothing in a column', () => {
    expect([readLength(Buffer.from([0xfa]), 0), readLength(Buffer.from([0xfc, 1, 2]), 0), readLength(Buffer.from([0xfd, 1, 0, 1]), 0)]).toEqual([{ value: 250, next: 1 }, { value: 513, next: 3 }, { value: 65_537, next: 4 }]);
    expect(readRow(Buffer.from([0xfb, 2, 0x68, 0x69]), ['a', 'b'])).toEqual({ a: null, b: 'hi' });
  });
  it('tells a refusal that comes before the greeting', () => {
    const packet = Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), Buffer.from('Too many connections')]);
    expect(() => readGreeting(packet)).toThrow(SqlError);
    expect(() => readGreeting(packet)).toThrow('Too many connections');
  });
  it('proves a password without telling it, but where nobody listens', () => {
    const nonce = Buffer.alloc(20, 7);
    const sha1 = (...parts: Buffer[]): Buffer => createHash('sha1').update(Buffer.concat(parts)).digest();
    // What the server does: it has SHA1(SHA1(password)), and finds SHA1(password) from the proof.
    const proof = proofOf('mysql_native_password', 'secret', nonce, false)!;
    const stored = sha1(sha1(Buffer.from('secret')));
    const mask = sha1(nonce, stored);
    expect(sha1(Buffer.from(proof.map((byte, index) => byte ^ mask[index]!)))).toEqual(stored);
    expect(proofOf('caching_sha2_password', 'secret', nonce, false)).toHaveLength(32);
    expect(proofOf('sha256_password', 'secret', nonce, false)).toEqual(Buffer.from([0]));
    expect(proofOf('dialog', 'secret', nonce, true)).toBeNull();
  });
});

describe('the server\'s file', () => {
  it('is rendered in one order', () => expect(renderServerFile({ b: '1', a: 'ON' })).toMatch(/\n\[server\]\na = ON\nb = 1\n$/));
});
