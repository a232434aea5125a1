import { describe, expect, it } from 'vitest';
import { renderJunit } from '../../../kit/report/junit.ts';
import { renderMarkdown } from '../../../kit/report/markdown.ts';
import { renderText } from '../../../kit/report/text.ts';
import { capabilityOf, hasFailed, type KitReport, type RuleResult } from '../../../kit/results.ts';

const result = (change: Partial<RuleResult>): RuleResult => ({ tier: 'engine', capability: 'USERS', rule: 'users: log in', state: 'passed', tookMs: 1_500, details: [], ...change });
const report = (...results: RuleResult[]): KitReport => ({ plugin: 'memo', version: '1.0.0', apiVersion: '^1.1', track: '1', engine: '1.2.3', results });
const bad = result({ rule: 'users: "<&\u0007>" go', state: 'failed', details: ['expected\nmore & less'] });

describe('a report of the kit', () => {
  it('has failed when a rule has, and not for a warning', () => {
    expect([hasFailed(report(result({}), bad)), hasFailed(report(result({ state: 'warned' }), result({ state: 'skipped' })))]).toEqual([true, false]);
  });
  it('as text has a line for each capability and tier, and what was found', () => {
    const text = renderText(report(result({}), bad, result({ capability: 'TLS', state: 'warned', details: ['not claimed'] })));
    expect(text).toMatch(/^memo 1\.0\.0 \(contract \^1\.1\) · track 1 · engine 1\.2\.3$/m);
    expect(text).toMatch(/^✗ +engine +USERS +1 passed, 1 failed +3\.0 s$/m);
    expect(text).toMatch(/^! +engine +TLS +1 warned/m);
    expect(text).toMatch(/✗ engine · USERS · users: [^]*\n {4}expected\n {4}more & less/);
  });
  it('as JUnit is well-formed whatever a plugin says', () => {
    const xml = renderJunit(report(bad, result({ state: 'skipped', details: ['no "room"'] })));
    expect(xml).toContain('tests="2" failures="1" skipped="1" time="3.000"');
    expect(xml).toContain('name="users: &quot;&lt;&amp;\ufffd&gt;&quot; go"');
    expect(xml).toContain('<skipped message="no &quot;room&quot;"/>');
    expect(xml).not.toMatch(/[\u0000-\u0008]/);
  });
  it('as a page tells how many rules hold', () => {
    const page = renderMarkdown('on a Monday', [report(result({}), bad)]);
    expect(page).toContain('in one run on a Monday:\n');
    expect(page).toContain('| USERS | – | ✗ 1 of 2, 3.0 s | – |\n\n- not run: static\n- not run: fault\n- failed: users:');
  });
});

describe('the capability of a case', () => {
  it.each([
    [['memo 1', 'fault', 'while something goes wrong'], 'a grant ends given (grants.grant), asked twice', 'GRANTS'], [['memo 1', 'fault'], 'stop ends (stop)', 'LIFE CYCLE'],
    [['memo 1', 'fault'], 'rotation ends (tls.rotate)', 'TLS'], [['memo 1', 'engine', 'objects', 'names'], '"on" serves as a user', 'USERS'],
    [['memo 1', 'engine', 'objects', 'databases'], 'are made once', 'DATABASES'], [['memo 1', 'engine', 'life cycle'], 'starts twice', 'LIFE CYCLE'],
    [['memo 1', 'engine', 'additions to the API'], 'the field memory is answered as the SDL has it', 'API'],
  ])('%j %s is of %s', (groups, title, capability) => expect(capabilityOf(groups, title)).toBe(capability));
});
