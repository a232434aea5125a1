import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashInput } from '../../../gateway/domain/idempotency.ts';

const shuffled = (value: unknown): unknown => (Array.isArray(value) ? value.map(shuffled)
  : value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, shuffled(inner)])) : value);

describe('the hash of an input', () => {
  it('does not depend on the order of fields, at any depth', () => {
    fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()), (input) => hashInput(shuffled(input)) === hashInput(input)));
  });
  it('does not depend on the key itself, nor on whether a field is left out or null', () => {
    expect(hashInput({ name: 'shop', idempotencyKey: 'a', zone: null, tags: undefined })).toBe(hashInput({ name: 'shop', idempotencyKey: 'b' }));
  });
  it.each([[{ a: 1 }, { a: 2 }], [{ a: [1, 2] }, { a: [2, 1] }], [{ a: '' }, {}], [{ a: false }, {}], [{ a: '1' }, { a: 1 }], [{ users: [{ name: 'x', password: 'p' }] }, { users: [{ name: 'x' }] }]])(
    'differs for %j and %j', (one, other) => expect(hashInput(one)).not.toBe(hashInput(other)));
});
