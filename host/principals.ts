import type { Settings } from '../kernel/settings.ts';
import type { Owner } from '../compute/files.ts';
import { sharedIdentity } from '../compute/guest/users.ts';
import { type Identity, onlyUser } from '../compute/launch/identity.ts';

/** Who the control plane's own processes run as. */
export interface Principals {
  gateway: { identity: Identity; owner: Owner | null };
  /** `initialise` differs from `identity` where programs that ask for their user's name must get one */
  store: { identity: Identity; initialise: Identity; owner: Owner | null; initialiseOwner: Owner | null };
}

/** Started by root: gateway and store give up every right and get a user each. Else: all is the one user. */
export function decidePrincipals(settings: Settings, uid: number): Principals {
  if (uid !== 0) {
    const own: Identity = { kind: 'same' };
    return { gateway: { identity: own, owner: null }, store: { identity: own, initialise: sharedIdentity(settings, uid), owner: null, initialiseOwner: null } };
  }
  const user = (offset: number): Owner => ({ uid: settings.uidBase + offset, gid: settings.uidBase + offset });
  const [gateway, store] = [user(0), user(1)];
  const plain = (owner: Owner): Identity => ({ kind: 'plain', ...owner });
  const shared = settings.isolation === 'shared' ? sharedIdentity(settings, uid) : null;
  return {
    gateway: { identity: plain(gateway), owner: gateway },
    store: shared?.kind === 'plain'
      ? { identity: plain(store), initialise: shared, owner: store, initialiseOwner: { uid: shared.uid, gid: shared.gid } }
      : { identity: onlyUser(store.uid), initialise: onlyUser(store.uid), owner: store, initialiseOwner: store },
  };
}
