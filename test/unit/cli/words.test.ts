import { describe, expect, it } from 'vitest';
import { autoscalingOf, durationMs, maintenanceOf, momentOf, oneOf, positiveNumber, someOf, tagOf, wholeNumber } from '../../../cli/command/parse.ts';
import { exitCodeMeanings, exitCodeOf, exitCodes, Failure } from '../../../cli/failure.ts';
import { choicesOf } from '../../../cli/commands/datastore-version.ts';
import { updateInputOf } from '../../../cli/commands/instance/life-cycle.ts';
import { chooseUser, defaultDatabase } from '../../../cli/commands/instance/connect.ts';
import { stateLine } from '../../../cli/commands/instance/present.ts';
import type { InstanceStateFragment } from '../../../cli/generated/documents.ts';
import { failureOfError, accepted } from '../../../cli/api/refusal.ts';
import { failureJson, renderFailure } from '../../../cli/output/failure-text.ts';
import { uncoloured } from '../../../cli/output/style.ts';
import { catalogue } from '../../../kernel/errors.ts';

describe('values of options', () => {
  it.each([['90s', 90_000], ['5m', 300_000], ['1h30m', 5_400_000], ['250ms', 250], ['30', 30_000], ['1.5s', 1_500]])('the duration %s is %i ms', (text, ms) => { expect(durationMs(text)).toBe(ms); });
  it.each(['', 'soon', '5x', '-5s', '0', 's', '5 m'])('the duration %j is refused', (text) => { expect(() => durationMs(text)).toThrow(/duration/); });
  it('whole numbers keep to their bounds', () => {
    const parse = wholeNumber(1, 10);
    expect(parse('10')).toBe(10);
    for (const text of ['0', '11', '1.5', 'x', '', '1e1']) expect(() => parse(text)).toThrow(/1 to 10/);
  });
  it('a number may have a fraction and is more than nothing', () => {
    expect([positiveNumber('0.5'), positiveNumber('16')]).toEqual([0.5, 16]);
    for (const text of ['0', '-1', '1e3', '.5', '', 'x']) expect(() => positiveNumber(text)).toThrow(/such as 0\.5/);
  });
  it('a tag has a key and keeps every further equals sign', () => {
    expect(tagOf('a=b=c')).toEqual({ key: 'a', value: 'b=c' });
    expect(tagOf('a=')).toEqual({ key: 'a', value: '' });
    expect(() => tagOf('=b')).toThrow(/key=value/);
  });
  it('a maintenance window is a day, a start and minutes', () => {
    expect(maintenanceOf('sunday 03:00 60')).toEqual({ day: 'SUNDAY', start: '03:00', durationMinutes: 60 });
    for (const text of ['someday 03:00 60', 'sunday 3:00 60', 'sunday 03:00', '']) expect(() => maintenanceOf(text)).toThrow(/sunday 03:00 60/);
  });
  it('a volume grows by itself at a threshold, by a step, up to a size, with a rest', () => {
    expect(autoscalingOf('threshold=80,step=5,max=100,cooldown=60')).toEqual({ thresholdPercent: 80, stepGb: 5, maxGb: 100, coolDownSeconds: 60 });
    expect(autoscalingOf('max=100, step=5, threshold=80')).toEqual({ thresholdPercent: 80, stepGb: 5, maxGb: 100, coolDownSeconds: 600 });
    for (const text of ['', 'threshold=80', 'threshold=80,step=5,max=x', 'threshold=80,step=5,max=9,size=1', 'threshold=80,step=5,step=6,max=9']) expect(() => autoscalingOf(text), text).toThrow(/threshold=80,step=5,max=100/);
  });
  it('words of a set are taken in any case, and the others are named', () => {
    expect(oneOf(['ACTIVE', 'ERROR'])('error')).toBe('ERROR');
    expect(someOf(['A', 'B'])('a,b', ['A'])).toEqual(['A', 'A', 'B']);
    expect(() => oneOf(['A', 'B'])('c')).toThrow(/a, b/);
  });
  it('an expiry is a moment or a duration from now', () => {
    const parse = momentOf(() => Date.parse('2026-01-01T00:00:00Z'));
    expect(parse('1d')).toBe('2026-01-02T00:00:00.000Z');
    expect(parse('2027-05-01T00:00:00Z')).toBe('2027-05-01T00:00:00.000Z');
    expect(() => parse('2027-99-99')).toThrow();
  });
});

describe('changing an instance', () => {
  it('leaves out what was not named, and clears what was named with --no', () => {
    expect(updateInputOf({ deletionProtection: false, maintenance: false, tags: false, revision: 4 })).toEqual({ deletionProtection: false, maintenance: null, tags: [], revision: 4 });
    expect(updateInputOf({ autoscale: false })).toEqual({ volumeAutoscaling: null });
    expect(updateInputOf({ tag: [{ key: 'a', value: 'b' }] })).toEqual({ tags: [{ key: 'a', value: 'b' }] });
  });
  it('refuses to change nothing, and a contradiction', () => {
    expect(() => updateInputOf({ tags: true, revision: 3 })).toThrow(/nothing to change/);
    expect(() => updateInputOf({ tag: [{ key: 'a', value: 'b' }], tags: false })).toThrow(/exclude/);
  });
});

describe('which database to connect to', () => {
  it('is the only one the user may use, or the engine’s usual one', () => { expect([defaultDatabase(['app']), defaultDatabase([])]).toEqual(['app', null]); });
  it('is asked for when there are several', () => { expect(() => defaultDatabase(['a', 'b'])).toThrow(/several databases: a, b/); });
});

describe('who to connect as', () => {
  const target = (...users: [name: string, authDatabase: string | null][]) =>
    ({ name: 'shop', users: { edges: users.map(([name, authDatabase]) => ({ node: { name, host: null, authDatabase, grants: [] } })) } });
  const twins = target(['twin', 'admin'], ['twin', 'app'], ['ann', 'app']);
  it('is the only user, with the database that one logs in at', () => {
    expect(chooseUser(target(['ann', 'app']), {})).toMatchObject({ name: 'ann', authDatabase: 'app' });
    expect(chooseUser(twins, { authDatabase: 'admin' })).toMatchObject({ name: 'twin', authDatabase: 'admin' });
    expect(chooseUser(twins, { user: 'ann' })).toEqual({ name: 'ann', authDatabase: 'app' });
  });
  it('is asked for among several of one name', () => {
    expect(() => chooseUser(twins, { user: 'twin' })).toThrow(/log in at admin, app/);
    expect(chooseUser(twins, { user: 'twin', authDatabase: 'app' })).toEqual({ name: 'twin', authDatabase: 'app' });
    expect(() => chooseUser(twins, {})).toThrow(/several users/);
  });
  it('is believed where the engine does not tell', () => {
    expect(chooseUser({ name: 'shop', users: null }, { user: 'ann' })).toEqual({ name: 'ann', authDatabase: null });
    expect(chooseUser({ name: 'shop', users: null }, { user: 'ann', authDatabase: 'app' })).toEqual({ name: 'ann', authDatabase: 'app' });
    expect(chooseUser(twins, { user: 'root' })).toEqual({ name: 'root', authDatabase: null });
  });
});

describe('failures', () => {
  it('every code of the catalogue ends in a documented exit code', () => {
    for (const code of Object.keys(catalogue)) expect(exitCodeMeanings).toHaveProperty(String(exitCodeOf(code)));
  });
  it.each([
    ['RESOURCE.NOT_FOUND', exitCodes.notFound], ['CONFLICT.BUSY', exitCodes.conflict], ['PRECONDITION.STATE', exitCodes.conflict], ['CAPABILITY.UNSUPPORTED', exitCodes.conflict],
    ['ACCESS.FORBIDDEN', exitCodes.forbidden], ['ENGINE.UNAVAILABLE', exitCodes.unavailable], ['ENGINE.REFUSED', exitCodes.failure], ['INPUT.INVALID', exitCodes.usage], ['INTERNAL', exitCodes.failure], ['CONFLICT.NEW_ONE', exitCodes.conflict],
  ])('%s ends with %i', (code, exitCode) => { expect(exitCodeOf(code)).toBe(exitCode); });

  it('a refusal in a result is thrown with its field paths, operation and remedy', () => {
    expect(accepted({ __typename: 'Payload', name: 'x' })).toEqual({ __typename: 'Payload', name: 'x' });
    const refusal = { __typename: 'ConflictError', code: 'CONFLICT.BUSY', message: 'busy', remedy: 'wait', blocker: { id: 'op_1', kind: 'instance.create' } };
    expect(() => accepted(refusal)).toThrow(expect.objectContaining({ exitCode: 4, details: expect.objectContaining({ remedy: 'wait', operation: { id: 'op_1', kind: 'instance.create' } }) }));
  });
  it('tells message, field paths, the operation in the way and the remedy', () => {
    const invalid = new Failure('input.name: too long; input.flavor: unknown', { code: 'INPUT.INVALID', remedy: 'Correct it.', issues: [{ path: ['input', 'name'], message: 'too long' }, { path: ['input', 'flavor'], message: 'unknown' }] });
    expect(renderFailure(invalid, uncoloured)).toEqual(['coffer: the input is not valid (INPUT.INVALID)', '  name: too long', '  flavor: unknown', '  Correct it.']);
    const busy = new Failure('busy', { code: 'CONFLICT.BUSY', operation: { id: 'op_1', kind: 'instance.create' } });
    expect(renderFailure(busy, uncoloured)).toContain('  instance.create op_1: coffer operation watch op_1');
  });
  it('a masked error tells the id that an operator can look up', () => {
    const failure = failureOfError({ message: 'Something unexpected happened', extensions: { code: 'INTERNAL', id: 'abc' } }, 'req_1');
    expect(renderFailure(failure, uncoloured).join('\n')).toMatch(/abc[^]*req_1/);
  });
  it('text from elsewhere cannot steer the terminal', () => {
    expect(renderFailure(new Failure('a\u001b[2Jb', { remedy: '\u001b]0;x\u0007' }), uncoloured).join('\n')).not.toContain('\u001b');
  });
  it('has one shape for programs', () => {
    expect(failureJson(new Failure('gone', { code: 'RESOURCE.NOT_FOUND' }))).toEqual({ error: { code: 'RESOURCE.NOT_FOUND', message: 'gone', remedy: null, issues: [], operation: null, exitCode: 3 } });
  });
});

describe('the line of a watched instance', () => {
  const shared = { type: 'IsolationShared', status: 'TRUE', reason: 'OneUser', message: 'one user for all', since: '' };
  const state = (status: string, ...conditions: object[]): InstanceStateFragment =>
    ({ id: 'inst_1', name: 'shop', status, conditions, task: null, fault: null, endpoints: [{ role: 'PRIMARY', host: '127.0.0.1', port: 24_400 }] }) as unknown as InstanceStateFragment;
  const told = (now: InstanceStateFragment, before?: InstanceStateFragment): string | null => stateLine('12:00:00', now, before, uncoloured);

  it('tells what holds once, and of log lines only that there are some', () => {
    const down = { type: 'EngineUnavailable', status: 'TRUE', reason: 'Down', message: 'it ended\nLOG: one\nLOG: two', since: '' };
    const first = state('ACTIVE', shared);
    expect(told(first)).toBe('12:00:00  shop  ACTIVE  IsolationShared: one user for all  127.0.0.1:24400');
    expect(told(state('UNHEALTHY', shared, down), first)).toBe('12:00:00  shop  UNHEALTHY  EngineUnavailable: it ended');
    expect(told(state('ACTIVE', shared), state('UNHEALTHY', shared, down))).toBe('12:00:00  shop  ACTIVE  127.0.0.1:24400');
  });
  it('is left out when nothing of it has changed', () => {
    expect(told(state('ACTIVE', shared), state('ACTIVE', { ...shared, since: 'earlier' }))).toBeNull();
  });
});

describe('choices about a version', () => {
  it('are what is named and nothing else', () => {
    expect(choicesOf({ active: false, deprecated: true, revision: 3 })).toEqual({ active: false, deprecated: true, revision: 3 });
    expect(choicesOf({ visibleTo: ['web'] })).toEqual({ visibility: 'PRIVATE' });
    expect([choicesOf({ flavor: ['small'] }), choicesOf({ anyFlavor: true })]).toEqual([{ flavors: ['small'] }, { flavors: null }]);
  });
  it('are refused where they contradict each other, or are none', () => {
    expect(() => choicesOf({ visibleTo: ['web'], visibility: 'PUBLIC' })).toThrow(/private/);
    expect(() => choicesOf({ flavor: ['small'], anyFlavor: true })).toThrow(/exclude/);
    expect(() => choicesOf({ revision: 3 })).toThrow(/nothing to change/);
  });
});
