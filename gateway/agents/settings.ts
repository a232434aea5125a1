import { DISCONNECT_GRACE_MS } from '../domain/instance/status.ts';

export interface ConductorSettings {
  /** address both ports listen on */
  bind: string;
  /** mutual TLS; 0 takes a free port */
  conductorPort: number;
  /** TLS without a client certificate, for enrolment alone; 0 takes a free port */
  enrolPort: number;
  /** host name or address agents reach this gateway under */
  advertiseHost: string;
  /** how often an agent reports when nothing changed */
  heartbeatMs: number;
  /** agents that are heard but have nothing new are noted together this often */
  seenFlushMs: number;
  /** an agent that went is told as unreachable when it has not come back after this */
  disconnectGraceMs: number;
}
export const defaultConductorSettings: ConductorSettings = {
  bind: '127.0.0.1', conductorPort: 0, enrolPort: 0, advertiseHost: '127.0.0.1', heartbeatMs: 5_000, seenFlushMs: 10_000, disconnectGraceMs: DISCONNECT_GRACE_MS,
};

/** An agent that has missed this many heartbeats is silent, although its connection stands. */
export const MISSED_HEARTBEATS = 3;
/** Protocol versions of agent and conductor that this release speaks, newest first. */
export const PROTOCOLS = ['1'] as const;
