import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../kernel/settings.ts';
import { type Owner, writeFileAtomically } from '../files.ts';
import { agentAndEngine, type Identity, namedUid } from '../launch/identity.ts';
import { allPids, statusOf } from '../processes/proc.ts';
import type { GuestRecord } from '../records/guest-record.ts';

/** Who agents and engines run as on this host. */
export interface GuestUsers {
  isolation: 'users' | 'shared';
  /** The host's numbers for a new guest; null with `shared`. */
  allocate(records: readonly GuestRecord[]): Promise<GuestRecord['uids']>;
  identity(record: Pick<GuestRecord, 'uids'>): Identity;
  /** null: leave files as they are made, ours */
  owners(record: Pick<GuestRecord, 'uids'>): { agent: Owner | null; engine: Owner | null };
  /** as the agent sees it */
  engineUid: number | null;
  agentUser: string;
}

const firstPairOffset = 16;
const rangeSize = 65_536;
const pairCount = Math.floor((rangeSize - firstPairOffset) / 2);

/** The next pair after the last one given: a number is not used again soon, so that a forgotten file finds no new owner. */
export function decidePair(base: number, lastIndex: number, taken: ReadonlySet<number>): { index: number; agent: number; engine: number } | null {
  for (let step = 1; step <= pairCount; step++) {
    const index = (lastIndex + step) % pairCount;
    const agent = base + firstPairOffset + 2 * index;
    if (!taken.has(agent) && !taken.has(agent + 1)) return { index, agent, engine: agent + 1 };
  }
  return null;
}

export function separateUsers(settings: Settings, instances: string): GuestUsers {
  const counter = join(instances, '.last-user-pair');
  // One after the other, each beyond the last: two guests that are made at once must never get the same users.
  let turn: Promise<GuestRecord['uids']> = Promise.resolve(null);
  async function allocateNext(records: readonly GuestRecord[]): Promise<GuestRecord['uids']> {
    const taken = new Set(records.flatMap((record) => (record.uids ? [record.uids.agent, record.uids.engine] : [])));
    for (const uid of await uidsInUse()) taken.add(uid);
    const last = Number(await readFile(counter, 'utf8').catch(() => '-1'));
    const pair = decidePair(settings.uidBase, Number.isInteger(last) ? last : -1, taken);
    if (!pair) throw new Error('every user id of COFFER_UID_BASE is taken');
    await writeFileAtomically(counter, String(pair.index), { mode: 0o600 });
    return { agent: pair.agent, engine: pair.engine };
  }
  return {
    isolation: 'users', engineUid: namedUid, agentUser: 'root',
    allocate(records) {
      turn = turn.then(() => allocateNext(records), () => allocateNext(records));
      return turn;
    },
    identity: ({ uids }) => {
      if (!uids) throw new Error('the guest was made with COFFER_ISOLATION=shared: delete it, or start with that setting');
      return agentAndEngine(uids.agent, uids.engine);
    },
    owners: ({ uids }) => ({ agent: uids && { uid: uids.agent, gid: uids.agent }, engine: uids && { uid: uids.engine, gid: uids.engine } }),
  };
}

async function uidsInUse(): Promise<Set<number>> {
  const uids = new Set<number>();
  for (const pid of allPids()) for (const uid of statusOf(pid)?.uids ?? []) uids.add(uid);
  return uids;
}

/** All guests as one user: ourselves, or when root the one that the settings name. */
export function sharedUser(settings: Settings, uid: number): GuestUsers {
  const identity = sharedIdentity(settings, uid);
  const owner = identity.kind === 'plain' ? { uid: identity.uid, gid: identity.gid } : null;
  const agentUser = identity.kind === 'plain' ? settings.sharedUser : identity.kind === 'same' ? userInfo().username : 'daemon';
  return { isolation: 'shared', engineUid: null, agentUser, allocate: async () => null, identity: () => identity, owners: () => ({ agent: owner, engine: owner }) };
}

export function sharedIdentity(settings: Settings, uid: number): Identity {
  const passwd = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  if (uid !== 0) return hasName() ? { kind: 'same' } : { kind: 'self-mapped' };
  const entry = passwd.find(([name]) => name === settings.sharedUser);
  if (!entry || entry[2] === '0') throw new Error(`COFFER_SHARED_USER=${settings.sharedUser}: /etc/passwd has no such ordinary user`);
  return { kind: 'plain', uid: Number(entry[2]), gid: Number(entry[3]) };
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}
