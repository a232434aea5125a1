/** What a server tells, and what is made of it before it is stopped for another build. */
import { describe, expect, it } from 'vitest';
import { buildFindings, compatibilityFindings, memberFindings, settingFindings } from '../../../strategies/datastores/mongodb/guest/upgrade-findings.ts';

const to = { version: '6.0.27' };

describe('whether MongoDB can come to another build', () => {
  it('hangs on that one not being older than what wrote the data', () => {
    expect(buildFindings('6.0.5', to)).toEqual([]);
    expect(buildFindings('6.0.27', to)).toEqual([]);
    expect(buildFindings('6.0.28', to)).toMatchObject([{ severity: 'ERROR', subject: null, message: expect.stringMatching(/6\.0\.28.*6\.0\.27 is older/) }]);
    expect(buildFindings('6.0.100', to)).toHaveLength(1);
  });

  it('on the data having the form of their version', () => {
    expect(compatibilityFindings({ version: '6.0' }, '6.0')).toEqual([]);
    expect(compatibilityFindings({ version: '5.0' }, '6.0')).toMatchObject([{ severity: 'ERROR', subject: 'featureCompatibilityVersion', message: expect.stringMatching(/is 5\.0, not 6\.0.*setFeatureCompatibilityVersion: "6\.0"/) }]);
  });

  it('and on no change of that form being under way, whichever way it goes', () => {
    const down = { version: '5.0', targetVersion: '5.0', previousVersion: '6.0' };
    expect(compatibilityFindings(down, '6.0')).toMatchObject([{ severity: 'ERROR', message: expect.stringMatching(/from 6\.0 to 5\.0.*Version: "5\.0" }, then .*Version: "6\.0" }/) }]);
    // The server tells the lower of both, which is not always another one.
    expect(compatibilityFindings({ version: '5.0', targetVersion: '6.0' }, '6.0')).toMatchObject([{ message: expect.stringMatching(/from 5\.0 to 6\.0.*Run { setFeatureCompatibilityVersion: "6\.0" }, as/) }]);
    expect(compatibilityFindings({ version: '6.0', targetVersion: '6.1' }, '6.0')).toHaveLength(1);
  });

  it('on every member having all data of its set', () => {
    const member = (stateStr: string) => ({ name: `${stateStr}:27017`, stateStr });
    expect(memberFindings(['PRIMARY', 'SECONDARY', 'ARBITER'].map(member))).toEqual([]);
    for (const state of ['STARTUP', 'STARTUP2', 'RECOVERING', 'ROLLBACK', 'REMOVED', 'DOWN', 'UNKNOWN', '(not reachable/healthy)']) {
      expect(memberFindings([member('PRIMARY'), member(state)])).toMatchObject([{ severity: 'ERROR', subject: `${state}:27017`, message: expect.stringContaining(state) }]);
    }
  });

  it('and on its taking what it would be started with', () => {
    expect(settingFindings(null, null, to)).toEqual([]);
    expect(settingFindings('maxConns has to be at least 5', 'net.maxIncomingConnections', to)).toMatchObject([{ severity: 'ERROR', subject: 'net.maxIncomingConnections', message: expect.stringMatching(/6\.0\.27.*at least 5.*out of the configuration group/) }]);
    expect(settingFindings('Unrecognized option', null, to)).toMatchObject([{ severity: 'ERROR', subject: null, message: expect.stringContaining('another build') }]);
  });
});
