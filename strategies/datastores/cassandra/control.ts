/** Gateway side: decisions only. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHalf, DatabaseSpec, EndpointSpec, GrantSpec, Proposal, UserRef } from '../../spi/control.ts';
import { catalogueOf } from './catalogue/index.ts';
import { checkParameters } from './check-parameters.ts';
import { keyspaceNameProblem, roleNameProblem, roleReferenceProblem, rootRole } from './names.ts';
import { passwordProblem } from './password.ts';
import { privilegeProblem } from './privileges.ts';
import { optionIssues } from './replication.ts';
import { sizeServer } from './sizing.ts';

const issue = (path: string[], problem: string | null): InputIssue[] => (problem === null ? [] : [{ path, message: problem }]);

const databaseIssues = (database: DatabaseSpec): InputIssue[] => [
  ...issue(['name'], keyspaceNameProblem(database.name)),
  ...(database.characterSet ? issue(['characterSet'], 'text is always UTF-8 in Cassandra: leave it out') : []),
  ...(database.collation ? issue(['collation'], 'Cassandra orders text by its bytes only: leave it out') : []),
  ...optionIssues(database.options ?? []),
];

function grantIssues(grant: GrantSpec): InputIssue[] {
  const database = grant.database === null
    ? issue(['database'], 'must name a keyspace: grants are given per keyspace')
    : issue(['database'], keyspaceNameProblem(grant.database));
  return [...database, ...grant.privileges.flatMap((word, index) => issue(['privileges', String(index)], privilegeProblem(word)))];
}

const userIssues = (user: UserRef, nameProblem: string | null): InputIssue[] => [
  ...issue(['name'], nameProblem),
  ...(user.host ? issue(['host'], 'Cassandra\'s roles have no host: leave it out') : []),
  ...(user.authDatabase ? issue(['authDatabase'], 'Cassandra\'s roles belong to the whole server: leave it out') : []),
];

export function judge(proposal: Proposal): InputIssue[] {
  switch (proposal.kind) {
    case 'database': return databaseIssues(proposal.database);
    case 'database-ref': return issue(['name'], keyspaceNameProblem(proposal.name));
    case 'user': return [
      ...userIssues(proposal.user, roleNameProblem(proposal.user.name)),
      ...proposal.user.grants.flatMap((grant, index) => grantIssues(grant).map(({ path, message }) => ({ path: ['grants', String(index), ...path], message }))),
    ];
    case 'user-ref': return userIssues(proposal.user, roleReferenceProblem(proposal.user.name));
    case 'grant': return grantIssues(proposal.grant);
    case 'password': return issue([], passwordProblem(proposal.password));
  }
}

/** No scheme is registered for CQL; the drivers' own agree on this one. */
function endpointsOf(host: string, port: number): EndpointSpec[] {
  const authority = host.includes(':') ? `[${host}]` : host;
  return [{ role: 'PRIMARY', host, port, tls: true, uri: `cql://${authority}:${port}/?tls=true` }];
}

export const control: ControlHalf = {
  rootName: rootRole,
  validate: async (proposal) => judge(proposal),
  size: async (input) => sizeServer(input),
  endpoints: async ({ host, ports }) => endpointsOf(host, ports['cql'] ?? 0),
  parameters: ({ track }) => catalogueOf(track),
  checkParameters: async (input) => checkParameters(await catalogueOf(input.track), input),
};
