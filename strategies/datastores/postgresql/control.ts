/** Gateway side: decisions only. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHalf, EndpointSpec, GrantSpec, Proposal, UserRef } from '../../spi/control.ts';
import { catalogueOf } from './catalogue/index.ts';
import { checkParameters } from './check-parameters.ts';
import { parseLocale } from './locale.ts';
import { databaseNameProblem, roleNameProblem, rootRole } from './names.ts';
import { passwordProblem } from './password.ts';
import { privilegeProblem } from './privileges.ts';
import { sizeServer } from './sizing.ts';

const issue = (path: string[], problem: string | null): InputIssue[] => (problem === null ? [] : [{ path, message: problem }]);

function grantIssues(grant: GrantSpec): InputIssue[] {
  const database = grant.database === null
    ? issue(['database'], 'must name a database: PostgreSQL grants per database')
    : issue(['database'], databaseNameProblem(grant.database));
  return [...database, ...grant.privileges.flatMap((word, index) => issue(['privileges', String(index)], privilegeProblem(word)))];
}

function userRefIssues(user: UserRef): InputIssue[] {
  return [
    ...issue(['name'], roleNameProblem(user.name)),
    ...(user.host ? issue(['host'], 'PostgreSQL roles have no host: leave it out') : []),
    ...(user.authDatabase ? issue(['authDatabase'], 'PostgreSQL roles belong to the whole server: leave it out') : []),
  ];
}

export function judge(proposal: Proposal): InputIssue[] {
  switch (proposal.kind) {
    case 'database': {
      const parsed = parseLocale(proposal.database);
      return [...issue(['name'], databaseNameProblem(proposal.database.name)), ...('problem' in parsed ? [{ path: [parsed.problem.path], message: parsed.problem.message }] : [])];
    }
    case 'database-ref': return issue(['name'], databaseNameProblem(proposal.name));
    case 'user': return [
      ...userRefIssues(proposal.user),
      ...proposal.user.grants.flatMap((grant, index) => grantIssues(grant).map(({ path, message }) => ({ path: ['grants', String(index), ...path], message }))),
    ];
    case 'user-ref': return userRefIssues(proposal.user);
    case 'grant': return grantIssues(proposal.grant);
    case 'password': return issue([], passwordProblem(proposal.password));
  }
}

function endpointsOf(host: string, port: number): EndpointSpec[] {
  const authority = host.includes(':') ? `[${host}]` : host;
  return [{ role: 'PRIMARY', host, port, tls: true, uri: `postgresql://${authority}:${port}/?sslmode=verify-full` }];
}

export const control: ControlHalf = {
  rootName: rootRole,
  validate: async (proposal) => judge(proposal),
  size: async (input) => sizeServer(input),
  endpoints: async ({ host, ports }) => endpointsOf(host, ports['postgresql'] ?? 0),
  parameters: ({ track }) => catalogueOf(track),
  checkParameters: async (input) => checkParameters(await catalogueOf(input.track), input),
};
