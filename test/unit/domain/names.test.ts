import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maintenanceIssues, maxTags, nameIssues, passwordIssues, tagIssues } from '../../../gateway/domain/names.ts';

const isName = (name: string): boolean => nameIssues(['name'], name).length === 0;

describe('a name', () => {
  it.each(['a', 'shop', 'shop-1', 'x'.repeat(63)])('%s is one', (name) => expect(isName(name)).toBe(true));
  it.each(['', 'Shop', '1shop', '-shop', 'shop-', 'my_shop', 'shöp', 'x'.repeat(64), 'shop\n', 'inst_01'])('%j is none', (name) => expect(isName(name)).toBe(false));
  it('is a DNS label, whatever is tried', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9-]{1,64}$/)), (name) => !isName(name) || (/^[a-z0-9-]{1,63}$/.test(name) && !name.startsWith('-') && !name.endsWith('-'))));
  });
});

describe('tags', () => {
  const tag = (key: string, value = ''): { key: string; value: string } => ({ key, value });
  it('with a key of letters, digits and . _ / - inside are good', () => expect(tagIssues(['tags'], [tag('team', 'web'), tag('app.kubernetes.io/name'), tag('x_1')])).toEqual([]));
  it('tell which one is wrong and where', () => {
    expect(tagIssues(['input', 'tags'], [tag('ok'), tag('.no'), tag('ok'), tag('v', 'x'.repeat(256)), tag('w', 'a\u0000b'), tag('u', '\ud800')]).map((issue) => issue.path.join('.')))
      .toEqual(['input.tags.1.key', 'input.tags.2.key', 'input.tags.3.value', 'input.tags.4.value', 'input.tags.5.value']);
  });
  it('are at most so many', () => expect(tagIssues(['tags'], Array.from({ length: maxTags + 1 }, (_, i) => tag(`k${i}`)))).toEqual([{ path: ['tags'], message: `at most ${maxTags} tags` }]));
});

describe('a maintenance window', () => {
  const window = { day: 'SUNDAY', start: '02:30', durationMinutes: 60 };
  it('on a weekday, at a time, for half an hour to a day is good', () => expect(maintenanceIssues(['m'], window)).toEqual([]));
  it.each([[{ day: 'someday' }, 'day'], [{ start: '24:00' }, 'start'], [{ start: '2:30' }, 'start'], [{ durationMinutes: 29 }, 'durationMinutes'], [{ durationMinutes: 1.5e3 }, 'durationMinutes'], [{ durationMinutes: 45.5 }, 'durationMinutes']])(
    '%j is refused', (change, field) => expect(maintenanceIssues(['m'], { ...window, ...change }).map((issue) => issue.path)).toEqual([['m', field]]));
});

describe('a chosen password', () => {
  it.each(['correct horse battery', 'ünïcödé and \'quotes" ', 'x'.repeat(128)])('%j is good', (password) => expect(passwordIssues(['p'], password)).toEqual([]));
  it.each(['', 'short', 'x'.repeat(129), 'with a\nnew line in it', 'null \u0000 inside it'])('%j is refused, without being repeated', (password) => {
    const [issue] = passwordIssues(['p'], password);
    expect(issue?.path).toEqual(['p']);
    if (password !== '') expect(issue?.message).not.toContain(password);
  });
});
