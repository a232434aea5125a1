/** What a console or the command line asks for. */
const shown = `id name status intent role region zone build revision createdAt updatedAt deletionProtection
  flavor { name vcpus memoryMb } datastoreVersion { name datastore { name title } } volume { sizeGb usedBytes type { name } }
  conditions { type status reason message since } endpoints { role host port uri tls } task { id kind state step progress } fault { code message at } tags { key value }`;
export const LIST = `query List($first: Int!) { instances(first: $first) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${shown} } } } }`;
export const SHOW = `query Show($id: ID!) { instance(by: { id: $id }) { ${shown} } }`;
export const CREATE = `mutation Create($input: CreateInstanceInput!) {
  createInstance(input: $input) {
    __typename
    ... on CreateInstancePayload { instance { id name status } operation { id state steps { name state } } userCredentials { name password } }
    ... on Error { code message }
  }
}`;
