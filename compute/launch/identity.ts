/** Who a program runs as. */
export type Identity =
  /** whoever we are */
  | { kind: 'same' }
  /** ourselves, but with a name: for a user without an entry in /etc/passwd, seen as uid 1 inside */
  | { kind: 'self-mapped' }
  /** root gives up everything for one user */
  | { kind: 'plain'; uid: number; gid: number }
  /** root makes a user namespace with exactly these users (uid and gid alike) and becomes one of them */
  | { kind: 'namespace'; map: readonly { inside: number; outside: number }[]; become: number };

/** What an agent needs over the files and processes of its own two users, inside its namespace, and nothing else. */
const agentCapabilities = ['chown', 'dac_override', 'fowner', 'setuid', 'setgid', 'kill'];

/** Arguments of setpriv. Nothing below can gain a privilege again. */
export function privilegeArgs(identity: Identity, parentDeathSignal?: 'TERM' | 'INT'): string[] {
  const death = parentDeathSignal ? ['--pdeathsig', parentDeathSignal] : [];
  const become = (id: number, gid: number): string[] => ['--reuid', String(id), '--regid', String(gid), '--clear-groups'];
  const none = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
  switch (identity.kind) {
    case 'same':
    case 'self-mapped':
      return ['--no-new-privs', ...death];
    case 'plain':
      return [...become(identity.uid, identity.gid), ...none, '--no-new-privs', ...death];
    case 'namespace': {
      const keep = identity.become === 0 ? agentCapabilities.map((name) => `,+${name}`).join('') : '';
      return [...become(identity.become, identity.become), '--inh-caps=-all', '--ambient-caps=-all', `--bounding-set=-all${keep}`, '--no-new-privs', ...death];
    }
  }
}

/** The uid inside a namespace that /etc/passwd knows everywhere ("daemon"): programs that ask for their name get one. */
export const namedUid = 1;
export const agentAndEngine = (agentUid: number, engineUid: number): Identity =>
  ({ kind: 'namespace', map: [{ inside: 0, outside: agentUid }, { inside: namedUid, outside: engineUid }], become: 0 });
export const onlyUser = (uid: number): Identity => ({ kind: 'namespace', map: [{ inside: namedUid, outside: uid }], become: namedUid });
