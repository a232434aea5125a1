/** What a person can do now: copied as it stands, it works. */
export function nextSteps(url: string, tokenFile: string): string {
  const mutation = [
    'mutation { createInstance(input: {',
    '  name: "first", datastore: "postgresql", flavor: "small", volume: { sizeGb: 1 },',
    '  databases: [{ name: "app" }], users: [{ name: "app", databases: ["app"] }] }) {',
    '  ... on CreateInstancePayload { instance { id name status } userCredentials { name password } }',
    '  ... on Error { code message remedy } } }',
  ].join(' ').replaceAll(/\s+/g, ' ');
  return [
    '',
    'What next',
    `  A browser: ${url} (the token goes into the field above the editor)`,
    `  The admin token: ${tokenFile}`,
    '  A first database:',
    `    curl -s ${url} -H "authorization: Bearer $(cat ${tokenFile})" -H 'content-type: application/json' \\`,
    `      -d '${JSON.stringify({ query: mutation })}'`,
    '  Ctrl-C stops Coffer and leaves databases running.',
    '',
  ].join('\n');
}
