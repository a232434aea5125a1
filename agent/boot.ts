import { join } from 'node:path';
import type { AgentBoot } from '../kernel/guest-record.ts';
import { readJson } from './state/atomic-file.ts';

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string' && value !== '';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isTextOrNull: Check = (value) => value === null || typeof value === 'string';
const isPath: Check = (value) => typeof value === 'string' && value.startsWith('/');
const shape = (fields: Record<string, Check>): Check => (value) =>
  typeof value === 'object' && value !== null && Object.entries(fields).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const bootFields: Record<keyof AgentBoot, Check> = {
  version: (value) => value === 1,
  instanceId: isText, datastore: isText, track: isText,
  build: shape({ id: isText, version: isText, prefix: isPath, bin: isPath }),
  flavor: shape({ vcpus: isNumber, memoryMb: isNumber }),
  volumeGb: isNumber,
  ports: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isNumber),
  bind: isText, advertise: isText,
  isolation: (value) => value === 'users' || value === 'shared',
  engineUid: (value) => value === null || isNumber(value),
  agentUser: isText, limitsUnenforced: isTextOrNull,
  paths: shape({ root: isPath, agent: isPath, volume: isPath, config: isPath, tls: isPath, run: isPath, logs: isPath }),
  trustDomain: isText, identityCa: isText, enrolAddress: isText, conductorAddress: isText,
};

export function parseBoot(value: unknown): AgentBoot {
  const found = (value ?? {}) as Record<string, unknown>;
  const wrong = Object.entries(bootFields).filter(([key, check]) => !check(found[key])).map(([key]) => key);
  if (wrong.length > 0) throw new Error(`boot.json does not fit this agent: ${wrong.join(', ')} missing or of another kind; compute writes it anew when it starts the guest`);
  return found as unknown as AgentBoot;
}

/** `root` is the instance's folder. */
export async function loadBoot(root: string, instanceId: string | undefined): Promise<AgentBoot> {
  const boot = parseBoot(await readJson(join(root, 'agent', 'boot.json')));
  if (instanceId !== undefined && boot.instanceId !== instanceId) throw new Error(`COFFER_INSTANCE is ${instanceId}, but ${root} belongs to ${boot.instanceId}`);
  return boot;
}
