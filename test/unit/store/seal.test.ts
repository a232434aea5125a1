import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSealer } from '../../../gateway/store/seal.ts';
import { classifyStoreError } from '../../../gateway/store/store-errors.ts';
import { createStatementNames } from '../../../gateway/store/statement-names.ts';
import { decidePending } from '../../../gateway/store/migrate.ts';

const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

describe('a sealed secret', () => {
  it('opens with its key for what it belongs to', () => {
    const sealed = createSealer(key).seal('péché', 'instance:1');
    expect(createSealer(key).open(sealed, 'instance:1').toString()).toBe('péché');
    expect(sealed.includes('péché')).toBe(false);
    expect(createSealer(key).seal('x', 'a').equals(createSealer(key).seal('x', 'a'))).toBe(false);
  });

  it('opens for nothing else, not when changed, not with another key', () => {
    const sealed = createSealer(key).seal('secret', 'instance:1');
    expect(() => createSealer(key).open(sealed, 'instance:2')).toThrow();
    const changed = Buffer.from(sealed);
    changed[changed.length - 1]! ^= 1;
    expect(() => createSealer(key).open(changed, 'instance:1')).toThrow();
    expect(() => createSealer(other).open(sealed, 'instance:1')).toThrow(/sealed with another key/);
    expect(createSealer(other, [key]).open(sealed, 'instance:1').toString()).toBe('secret');
    expect(() => createSealer(Buffer.alloc(16))).toThrow(/16 bytes instead of 32/);
  });
});

describe('a fingerprint', () => {
  it('of a text stays the same over restarts, and is none of the key that seals', () => {
    // derived by hand once: what is in a store must still be recognised by the next release
    expect(createSealer(key).fingerprint('text')).toBe('d5c75f88b21698aa43367ed80490e2bb0f47a83c8478c1f31d81f86c82e4ec69');
    expect(createSealer(other).fingerprint('text')).not.toBe(createSealer(key).fingerprint('text'));
    expect(createHmac('sha256', key).update('text').digest('hex')).not.toBe(createSealer(key).fingerprint('text'));
  });
});

describe('an error of the store', () => {
  const error = (code: string | undefined, message = 'x'): Error => Object.assign(new Error(message), code ? { code } : {});
  it('is repeated only where nothing can have happened', () => {
    expect(['40001', '40P01', '55P03'].map((code) => classifyStoreError(error(code)))).toEqual(['conflict', 'conflict', 'conflict']);
    expect(['57P01', '08006', 'ECONNREFUSED', 'ENOENT'].map((code) => classifyStoreError(error(code)))).toEqual(['lost', 'lost', 'lost', 'lost']);
    expect(['23505', '42P01', '57014', '25P04', 'CONFLICT.BUSY'].map((code) => classifyStoreError(error(code)))).toEqual(['other', 'other', 'other', 'other', 'other']);
    expect(classifyStoreError(error(undefined, 'Connection terminated unexpectedly'))).toBe('lost');
    expect(classifyStoreError(error('0A000', 'cached plan must not change result type'))).toBe('conflict');
    expect(classifyStoreError('text')).toBe('other');
  });
});

describe('names of statements', () => {
  it('are stable, few, and renewed together', () => {
    const names = createStatementNames();
    const text = `select ${'x'.repeat(80)}`;
    const name = names.nameOf(text);
    expect(names.nameOf(text)).toBe(name);
    expect(names.nameOf('select 1')).toBeUndefined();
    names.renew();
    expect(names.nameOf(text)).not.toBe(name);
    for (let i = 0; i < 600; i++) names.nameOf(`${text}${i}`);
    expect(names.nameOf(`${text}599`)).toBeUndefined();
  });
});

describe('migrations', () => {
  const known = [{ name: 'a', sql: '', checksum: '1' }, { name: 'b', sql: '', checksum: '2' }];
  const applied = (name: string, checksum: string, isFinished = true) => ({ name, checksum, isFinished });
  it('apply what is missing and leave a neighbour\'s alone', () => {
    expect(decidePending(known, [applied('a', '1'), applied('z-newer', '9')]).map((m) => m.name)).toEqual(['b']);
  });
  it('stop at one that differs or never finished', () => {
    expect(() => decidePending(known, [applied('a', 'other')])).toThrow(/differs/);
    expect(() => decidePending(known, [applied('a', '1', false)])).toThrow(/never finished/);
  });
});
