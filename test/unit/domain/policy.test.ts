import { describe, expect, it } from 'vitest';
import type { Caller, Role } from '../../../gateway/domain/api.ts';
import { type Action, mayDo, policy, requireAction, requireOn, seesProject, seesVersion } from '../../../gateway/domain/policy.ts';

const roles: Role[] = ['VIEWER', 'EDITOR', 'OWNER', 'OPERATOR'];
const actions = Object.keys(policy) as Action[];
const caller = (role: Role, projectId: string | null = role === 'OPERATOR' ? null : 'proj_own'): Caller =>
  ({ tokenId: 't', tokenName: 't', role, projectId, actor: 'token:t', clientAddress: null, requestId: 'r', expiresAt: null });
const codeOf = (act: () => unknown): string => { try { act(); return 'allowed'; } catch (error) { return (error as { code: string }).code; } };

describe('the policy', () => {
  it.each(actions)('%s: every role above the smallest that may do it may do it too', (action) => {
    const allowed = roles.map((role) => mayDo(role, action));
    expect(allowed).toEqual(roles.map((_, i) => i >= allowed.indexOf(true)));
    expect(allowed.at(-1)).toBe(true);
  });

  it('a viewer changes nothing', () => {
    expect(actions.filter((action) => mayDo('VIEWER', action))).toEqual(['catalogue.read', 'instance.read', 'instance.ping', 'configuration.read', 'configuration.validate', 'engine.read', 'operation.read', 'event.read', 'project.read']);
  });

  it('root accounts and tokens are for owners; projects, the catalogue, hosts, resets and what was deleted for operators', () => {
    expect(actions.filter((action) => policy[action] === 'OWNER')).toEqual(['engine.root', 'token.read', 'token.create', 'token.revoke']);
    expect(actions.filter((action) => policy[action] === 'OPERATOR')).toEqual(['instance.read-deleted', 'instance.reset', 'project.create', 'project.delete', 'engine-build.install', 'datastore-version.register',
      'datastore-version.update', 'datastore-version.delete', 'datastore-version.set-default', 'version.rollout', 'flavor.create', 'flavor.delete', 'system.read']);
  });

  it('a refusal names the action and the role it needs', () => {
    expect(() => requireAction(caller('EDITOR'), 'token.create')).toThrow('token.create needs the role OWNER; this token is EDITOR');
  });

  it('an operator sees every project, others their own, and nobody but operators what belongs to none', () => {
    expect([seesProject(caller('OPERATOR'), 'proj_any'), seesProject(caller('OPERATOR'), null)]).toEqual([true, true]);
    expect([seesProject(caller('OWNER'), 'proj_own'), seesProject(caller('OWNER'), 'proj_other'), seesProject(caller('OWNER'), null)]).toEqual([true, false, false]);
  });

  it('a private version is seen by operators and the projects that are named, a public one by all', () => {
    const version = (visibility: 'PUBLIC' | 'PRIVATE') => ({ visibility, projectIds: ['proj_own'] });
    expect([caller('OPERATOR'), caller('VIEWER'), caller('OWNER', 'proj_other'), caller('OWNER', null)].map((one) => seesVersion(one, version('PRIVATE')))).toEqual([true, true, false, false]);
    expect(seesVersion(caller('VIEWER', 'proj_other'), version('PUBLIC'))).toBe(true);
  });

  it('what is foreign is missing for every role and action, never forbidden', () => {
    for (const role of roles.slice(0, 3)) {
      for (const action of actions) {
        const answers = [null, undefined, { project: 'proj_other' }].map((thing) => codeOf(() => requireOn(caller(role), action, 'it', thing, (t) => t.project)));
        expect(new Set(answers)).toEqual(new Set(['RESOURCE.NOT_FOUND']));
      }
    }
  });

  it('what can be seen and not be changed is forbidden', () => {
    expect(codeOf(() => requireOn(caller('VIEWER'), 'instance.delete', 'it', { project: 'proj_own' }, (t) => t.project))).toBe('ACCESS.FORBIDDEN');
    expect(codeOf(() => requireOn(caller('EDITOR'), 'instance.delete', 'it', { project: 'proj_own' }, (t) => t.project))).toBe('allowed');
  });
});
