/** What this datastore adds to Coffer's API; `additions.js` answers it. */
export const sdl = `
  "What Valkey tells of itself, now."
  type Valkey {
    memory: ValkeyMemory
    "Of one of the sixteen keyspaces."
    keyspace(number: Int! = 0): ValkeyKeyspace
  }
  type ValkeyMemory {
    usedBytes: Float!
    "The most that was used since the engine started."
    peakBytes: Float!
    limitBytes: Float!
  }
  type ValkeyKeyspace { keys: Int! expiring: Int! }
`;
