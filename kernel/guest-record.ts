/**
 * The on-disk contract between the compute role (writes) and the agent (reads): `instances/<id>/agent/boot.json`.
 * With it an agent starts, and keeps its engine running, when neither gateway nor store is there.
 *
 *   instances/<id>/            owner root (or the one user), 0711
 *     guest.json               compute's own record (0600)
 *     cgroup…                  under the host's hierarchy, named coffer/<id>
 *     agent/                   owner agent, 0700: boot.json, enrol.json, identity/, secrets.json, state.json, journal/
 *     volume/                  the volume's mount point; engine data in volume/data
 *     config/ tls/ run/ logs/  owner engine, 0700 (the agent enters by its capability inside the user namespace)
 *
 * With isolation `users` the agent runs in a user namespace where uid 0 is the host's agent uid and uid 1 the host's
 * engine uid: it may act as either and as nobody else. With `shared` both are the installation's user.
 */
export interface AgentBoot {
  version: 1;
  instanceId: string;
  datastore: string;
  track: string;
  build: { id: string; version: string; prefix: string; bin: string };
  flavor: { vcpus: number; memoryMb: number };
  volumeGb: number;
  ports: Record<string, number>;
  bind: string;
  advertise: string;
  isolation: 'users' | 'shared';
  /** uid and gid of the engine as the agent sees them; null with `shared` */
  engineUid: number | null;
  /** what the engine's system calls the agent (peer authentication) */
  agentUser: string;
  limitsUnenforced: string | null;
  /** absolute */
  paths: { root: string; agent: string; volume: string; config: string; tls: string; run: string; logs: string };
  trustDomain: string;
  identityCa: string;
  enrolAddress: string;
  conductorAddress: string;
}

/** In the environment of everything that an agent starts for its engine, and of nothing else. */
export const engineMarker = 'COFFER_ENGINE';

/** `agent/enrol.json`: removed by the agent once it holds a certificate; rewritten by compute on re-enrolment. */
export interface AgentEnrol { token: string; identityCa: string; enrolAddress: string; conductorAddress: string }
