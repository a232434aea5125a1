/** Gateway side: decisions only. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHalf, DatabaseSpec, GrantSpec, Proposal, UserRef } from '../../spi/control.ts';
import { catalogueOf } from './catalogue/index.ts';
import { checkParameters } from './check-parameters.ts';
import { adminDatabase, authDatabaseProblem, databaseNameProblem, replicaSetName, rootName, userNameProblem } from './names.ts';
import { passwordProblem } from './password.ts';
import { roleProblem } from './roles.ts';
import { sizeServer } from './sizing.ts';

const issue = (path: string[], problem: string | null): InputIssue[] => (problem === null ? [] : [{ path, message: problem }]);

const databaseIssues = (database: DatabaseSpec): InputIssue[] => [
  ...issue(['name'], databaseNameProblem(database.name)),
  ...issue(['characterSet'], database.characterSet ? 'text is always UTF-8: leave it out' : null),
  ...issue(['collation'], database.collation ? 'belongs to a collection, an index or a query in MongoDB: leave it out' : null),
];

const grantIssues = (grant: GrantSpec): InputIssue[] => [
  ...issue(['database'], grant.database === null ? 'must name a database: roles are given per database' : databaseNameProblem(grant.database)),
  ...grant.privileges.flatMap((role, index) => issue(['privileges', String(index)], roleProblem(role))),
];

const userRefIssues = (user: UserRef): InputIssue[] => [
  ...issue(['name'], userNameProblem(user.name)),
  ...issue(['host'], user.host ? 'users have no host here: leave it out' : null),
  ...issue(['authDatabase'], authDatabaseProblem(user.authDatabase)),
];

export function judge(proposal: Proposal): InputIssue[] {
  switch (proposal.kind) {
    case 'database': return databaseIssues(proposal.database);
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

/** Drivers follow the replica set, so that more members later need no other URI. */
const uriOf = (host: string, port: number): string =>
  `mongodb://${host.includes(':') ? `[${host}]` : host}:${port}/?tls=true&replicaSet=${replicaSetName}&authSource=${adminDatabase}`;

export const control: ControlHalf = {
  rootName,
  validate: async (proposal) => judge(proposal),
  size: async (input) => sizeServer(input),
  endpoints: async ({ host, ports }) => {
    const port = ports['mongodb'] ?? 0;
    return [{ role: 'PRIMARY', host, port, tls: true, uri: uriOf(host, port) }];
  },
  parameters: ({ track }) => catalogueOf(track),
  checkParameters: async (input) => checkParameters(await catalogueOf(input.track), input),
};
