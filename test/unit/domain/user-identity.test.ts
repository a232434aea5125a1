import { describe, expect, it } from 'vitest';
import { identityKey, identityLabel, identityOf } from '../../../gateway/domain/user-identity.ts';

describe('who a user is', () => {
  it('is the name, the host and the database to log in at', () => {
    const people = [{ name: 'ann' }, { name: 'ann', host: '10.0.0.1' }, { name: 'ann', authDatabase: 'shop' }, { name: 'ann', authDatabase: 'admin' }, { name: 'ann', host: 'shop' }, { name: 'ann@10.0.0.1' }, { name: 'ann of shop' }, { name: '["ann",null,"shop"]' }];
    expect(new Set(people.map(identityKey)).size).toBe(people.length);
  });
  it('is the same whether what is not there is null or left out', () => {
    expect(identityKey({ name: 'ann', host: null, authDatabase: undefined })).toBe(identityKey({ name: 'ann' }));
    expect(identityOf({ name: 'ann' })).toEqual({ name: 'ann', host: null, authDatabase: null });
  });
  it('has words that name no more than there is', () => {
    expect([{ name: 'ann' }, { name: 'ann', host: '%' }, { name: 'ann', authDatabase: 'shop' }].map(identityLabel)).toEqual(['ann', 'ann@%', 'ann of shop']);
  });
});
