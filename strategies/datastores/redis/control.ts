import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHalf, GrantSpec, Proposal, UserRef } from '../../spi/control.ts';
import { maxRules, rootName, ruleIssue, userNameIssues } from './acl.ts';
import { catalogueOf } from './catalogue/index.ts';
import { checkParameters } from './check-parameters.ts';
import { sizeRedis } from './sizing.ts';

export const control: ControlHalf = {
  rootName,
  validate: async (proposal) => issuesOf(proposal),
  size: async (input) => sizeRedis(input),
  parameters: ({ track }) => catalogueOf(track),
  checkParameters: async (input) => checkParameters(input),
  endpoints: async ({ host, ports }) => {
    const port = ports['redis']!;
    return [{ role: 'PRIMARY', host, port, uri: `rediss://${host.includes(':') ? `[${host}]` : host}:${port}`, tls: true }];
  },
};

function issuesOf(proposal: Proposal): InputIssue[] {
  switch (proposal.kind) {
    case 'database': case 'database-ref': return [{ path: ['name'], message: 'this datastore has no named databases' }];
    case 'user': return [...refIssues(proposal.user), ...proposal.user.grants.flatMap((g, i) => grantIssues(g).map((issue) => ({ ...issue, path: ['grants', String(i), ...issue.path] })))];
    case 'user-ref': return refIssues(proposal.user);
    case 'grant': return grantIssues(proposal.grant);
    // kept as its hash: any text serves
    case 'password': return [];
  }
}

const refIssues = (user: UserRef): InputIssue[] => [
  ...userNameIssues(user.name),
  ...(user.host ? [{ path: ['host'], message: 'users have no host here; leave it out' }] : []),
  ...(user.authDatabase ? [{ path: ['authDatabase'], message: 'users have no database here; leave it out' }] : []),
];

function grantIssues(grant: GrantSpec): InputIssue[] {
  if (grant.database !== null) return [{ path: ['database'], message: 'grants name no database here: give key patterns such as ~cache:* as privileges' }];
  if (grant.privileges.length > maxRules) return [{ path: ['privileges'], message: `at most ${maxRules} rules` }];
  return grant.privileges.flatMap((rule, i) => { const message = ruleIssue(rule); return message ? [{ path: ['privileges', String(i)], message }] : []; });
}
