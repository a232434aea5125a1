/** What is the same in judging what people ask for. Pure; the engine's own rules come in. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { DatabaseSpec, GrantSpec, Proposal, UserRef } from '../../spi/control.ts';
import { collationProblem, type CollationTable } from './collations.ts';
import { databaseNameProblem, knownHostProblem, type NameRules, passwordProblem, userHostProblem, userNameProblem } from './names.ts';
import { type PrivilegeTable, privilegeProblem } from './privileges.ts';

export interface Judgement { names: NameRules; collations(track: string): CollationTable; privileges(track: string): PrivilegeTable }

const issue = (path: string[], problem: string | null): InputIssue[] => (problem === null ? [] : [{ path, message: problem }]);

export function judge(proposal: Proposal, by: Judgement): InputIssue[] {
  const { track } = proposal;
  switch (proposal.kind) {
    case 'database': return databaseIssues(proposal.database, by, track);
    case 'database-ref': return issue(['name'], databaseNameProblem(proposal.name, by.names));
    case 'user': return [
      ...userIssues(proposal.user, by, (host) => userHostProblem(host, by.names)),
      ...proposal.user.grants.flatMap((grant, index) => grantIssues(grant, by, track).map(({ path, message }) => ({ path: ['grants', String(index), ...path], message }))),
    ];
    case 'user-ref': return userIssues(proposal.user, by, knownHostProblem);
    case 'grant': return grantIssues(proposal.grant, by, track);
    case 'password': return issue([], passwordProblem(proposal.password));
  }
}

function databaseIssues(database: DatabaseSpec, by: Judgement, track: string): InputIssue[] {
  const collation = collationProblem(database, by.collations(track));
  return [...issue(['name'], databaseNameProblem(database.name, by.names)), ...(collation ? [{ path: [collation.path], message: collation.message }] : [])];
}

function userIssues(user: UserRef, by: Judgement, problemOfHost: (host: string) => string | null): InputIssue[] {
  return [
    ...issue(['name'], userNameProblem(user.name, by.names)),
    ...(user.host ? issue(['host'], problemOfHost(user.host)) : []),
    ...(user.authDatabase ? issue(['authDatabase'], `users of ${by.names.title} belong to the whole server: leave it out`) : []),
  ];
}

function grantIssues(grant: GrantSpec, by: Judgement, track: string): InputIssue[] {
  const database = grant.database === null
    ? issue(['database'], `must name a database: grants are per database here`)
    : issue(['database'], databaseNameProblem(grant.database, by.names));
  return [...database, ...grant.privileges.flatMap((word, index) => issue(['privileges', String(index)], privilegeProblem(word, by.privileges(track))))];
}
