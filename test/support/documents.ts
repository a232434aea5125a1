/** Documents that several end-to-end tests send. */
export const CREATE = `mutation Create($input: CreateInstanceInput!) {
  createInstance(input: $input) {
    __typename
    ... on CreateInstancePayload { instance { id name status } operation { id state } userCredentials { name password } }
    ... on Error { code message remedy }
    ... on InvalidInputError { issues { path message } }
  }
}`;
export const INSTANCE = `query Show($id: ID!) {
  instance(by: { id: $id }) {
    id name status datastoreVersion { name } intent build conditions { type status reason message } fault { code message } task { id kind state step }
    endpoints { host port uri tls } caCertificate rootEnabledEver volume { sizeGb usedBytes }
  }
}`;
export const WATCH_OPERATION = `subscription Watch($id: ID!, $after: Cursor) {
  operation(id: $id, after: $after) { cursor change operation { id state step progress fault { code message } steps { name state message attempts } } }
}`;
export const WATCH_INSTANCE = `subscription Watch($id: ID!, $after: Cursor) {
  instance(id: $id, after: $after) { cursor change id instance { status intent conditions { type reason message } task { kind step } fault { code message } } }
}`;
export const DELETE = `mutation Delete($input: DeleteInstanceInput!) {
  deleteInstance(input: $input) { __typename ... on DeleteInstancePayload { operation { id state } } ... on Error { code message remedy } }
}`;
export const action = (name: 'startInstance' | 'stopInstance' | 'restartInstance' | 'resetInstance'): string => {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation Act($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Payload { instance { id status } operation { id state } } ... on Error { code message remedy } } }`;
};
