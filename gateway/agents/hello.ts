/** Whether an agent fits this gateway. Pure; decided before the agent is used for anything. */
import type { Hello } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import { PROTOCOLS } from './settings.ts';

/** What the store keeps of a connected agent (`instance.agent`). */
export interface AgentDoc {
  address: string;
  version: string;
  protocols: string[];
  /** those that agent and manifest have in common */
  capabilities: Capability[];
  serial: string;
  /** missing in what an earlier release wrote */
  buildId?: string;
  connectedAt: string;
  /** "Reason: message" while the gateway turns the agent away */
  refused: string | null;
  /** when the compute role was last asked to enrol it again, and how often in a row */
  reenrol?: { at: string; count: number } | null;
  /** what the host said of the guest then */
  guest?: string | null;
}

export interface HelloContext {
  instance: { id: string; datastore: string; track: string; buildId: string | null };
  /** of the datastore's manifest; undefined when its plugin is not loaded */
  capabilities: readonly Capability[] | undefined;
  /** this gateway's release */
  release: string;
}
export type HelloDecision = { ok: true; capabilities: Capability[] } | { ok: false; reason: string; message: string };

const LIMITS = { text: 200, items: 64 };

export function decideHello(hello: Hello, context: HelloContext): HelloDecision {
  const refuse = (reason: string, message: string): HelloDecision => ({ ok: false, reason, message });
  const { instance, capabilities } = context;
  if (!isWellFormed(hello)) return refuse('Malformed', 'the agent introduced itself with fields that are empty, too long or too many');
  if (!hello.protocols.some((protocol) => (PROTOCOLS as readonly string[]).includes(protocol))) {
    return refuse('ProtocolMismatch', `the agent (${hello.agentVersion}) speaks protocol ${hello.protocols.join(', ') || 'none'}, the gateway (${context.release}) ${PROTOCOLS.join(', ')}: upgrade the older of the two`);
  }
  if (hello.datastore !== instance.datastore || hello.track !== instance.track) {
    return refuse('DatastoreMismatch', `the agent serves ${hello.datastore} ${hello.track}, the instance is ${instance.datastore} ${instance.track}`);
  }
  if (instance.buildId !== null && hello.buildId !== instance.buildId) return refuse('BuildMismatch', `the agent runs build ${hello.buildId}, the instance is pinned to ${instance.buildId}`);
  if (capabilities === undefined) return refuse('PluginMissing', `the gateway has no plugin for ${instance.datastore}`);
  return decideCapabilities(hello, capabilities, context.release);
}

/**
 * Agent and gateway of one release must agree exactly. A neighbouring release may know more or less: what both have is
 * used, and what is missing is answered with UNSUPPORTED before anything changes.
 */
function decideCapabilities(hello: Hello, manifest: readonly Capability[], release: string): HelloDecision {
  const missing = manifest.filter((capability) => !hello.capabilities.includes(capability));
  const surplus = hello.capabilities.filter((capability) => !(manifest as readonly string[]).includes(capability));
  if (hello.agentVersion === release && missing.length + surplus.length > 0) {
    const parts = [...missing.map((c) => `lacks ${c}`), ...surplus.map((c) => `has ${c} that the manifest does not list`)];
    return { ok: false, reason: 'CapabilityMismatch', message: `the agent ${parts.join(', ')}: its plugin is not the gateway's` };
  }
  return { ok: true, capabilities: manifest.filter((capability) => hello.capabilities.includes(capability) && (capability !== 'CONFIGURATION' || knowsGroups(hello, release))).sort() };
}

/** One of before 1.1 claims CONFIGURATION for `configure` alone, and would take a group's values without using them. */
const knowsGroups = ({ agentVersion, protocols }: Hello, release: string): boolean => agentVersion === release || protocols.includes('1.1');

function isWellFormed(hello: Hello): boolean {
  const texts = [hello.agentVersion, hello.datastore, hello.track, hello.buildId, ...hello.protocols, ...hello.capabilities];
  const lists = [hello.protocols, hello.capabilities];
  return texts.every((text) => text.length > 0 && text.length <= LIMITS.text && !/[\u0000-\u001f\u007f]/.test(text)) && lists.every((list) => list.length <= LIMITS.items) && isAddress(hello.address);
}

/** host:port, [v6]:port */
export function isAddress(address: string): boolean {
  const [, host, port] = /^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]):(\d{1,5})$/.exec(address) ?? [];
  return host !== undefined && Number(port) > 0 && Number(port) < 65_536;
}
