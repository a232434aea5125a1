import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashInput as hashWith } from '../../../gateway/domain/idempotency.ts';
import { createSealer } from '../../../gateway/store/seal.ts';

const sealer = createSealer(Buffer.alloc(32, 1));
const hashInput = (input: unknown): string => hashWith(sealer, input);

const shuffled = (value: unknown): unknown => (Array.isArray(value) ? value.map(shuffled)
  : value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, shuffled(inner)])) : value);

describe('the hash of an input', () => {
  it('does not depend on the order of fields, at any depth', () => {
    fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()), (input) => hashInput(shuffled(input)) === hashInput(input)));
  });
  it('is the same in every process with the installation\'s key, and another with another key', () => {
    expect(hashWith(createSealer(Buffer.alloc(32, 1)), { a: 1 })).toBe(hashInput({ a: 1 }));
    expect(hashWith(createSealer(Buffer.alloc(32, 2)), { a: 1 })).not.toBe(hashInput({ a: 1 }));
  });
  it('cannot be guessed at by who has the store alone', () => {
    const input = { users: [{ name: 'app', password: 'password1234' }] };
    expect(hashInput(input)).not.toBe(createHash('sha256').update(JSON.stringify(input)).digest('hex'));
  });
  it('does not depend on the idempotency key itself, nor on whether a field is left out or null', () => {
    expect(hashInput({ name: 'shop', idempotencyKey: 'a', zone: null, tags: undefined })).toBe(hashInput({ name: 'shop', idempotencyKey: 'b' }));
  });
  it.each([[{ a: 1 }, { a: 2 }], [{ a: [1, 2] }, { a: [2, 1] }], [{ a: '' }, {}], [{ a: false }, {}], [{ a: '1' }, { a: 1 }], [{ users: [{ name: 'x', password: 'p' }] }, { users: [{ name: 'x' }] }], [{ users: [{ name: 'x', authDatabase: 'a' }] }, { users: [{ name: 'x', authDatabase: 'b' }] }]])(
    'differs for %j and %j', (one, other) => expect(hashInput(one)).not.toBe(hashInput(other)));
});
