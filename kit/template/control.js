const maxNameBytes = 128;
const reserved = ['coffer', 'root'];

/** @param {string} name */
export const isReserved = (name) => reserved.includes(name.toLowerCase());

/**
 * @param {import('@coffer/plugin-sdk').UserRef} user
 * @returns {import('@coffer/plugin-sdk').InputIssue[]}
 */
function userIssues({ name, host }) {
  if (host) return [{ path: ['host'], message: 'users have no host here; leave it out' }];
  if (name === '') return [{ path: ['name'], message: 'must not be empty' }];
  if (Buffer.byteLength(name) > maxNameBytes) return [{ path: ['name'], message: `at most ${maxNameBytes} bytes` }];
  if (!name.isWellFormed()) return [{ path: ['name'], message: 'must not contain half characters' }];
  return isReserved(name) ? [{ path: ['name'], message: `"${name}" is reserved` }] : [];
}

/** Decisions only: the same answer for the same question, nothing read and nothing written. */
/** @type {import('@coffer/plugin-sdk').ControlHalf} */
export const control = {
  rootName: 'root',
  async validate(proposal) {
    switch (proposal.kind) {
      case 'database': case 'database-ref': return [{ path: ['name'], message: 'this datastore has no databases' }];
      case 'user': case 'user-ref': return userIssues(proposal.user);
      case 'grant': return proposal.grant.database === null ? [] : [{ path: ['database'], message: 'this datastore has no databases' }];
      case 'password': return [];
    }
  },
  size: async ({ flavor }) => ({ maxValues: String(flavor.memoryMb * 1_000) }),
  endpoints: async ({ host, ports }) => {
    const port = ports['main'] ?? 0;
    return [{ role: 'PRIMARY', host, port, uri: `my-engine://${host.includes(':') ? `[${host}]` : host}:${port}`, tls: true }];
  },
};
