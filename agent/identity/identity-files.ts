/** `agent/identity/`: 0700, files 0600. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentEnrol } from '../../kernel/guest-record.ts';
import { readJson, writeFileAtomic } from '../state/atomic-file.ts';
import type { Identity } from './certificate.ts';

export interface IdentityFiles {
  load(): Promise<Identity | undefined>;
  save(identity: Identity): Promise<void>;
  loadEnrol(): Promise<AgentEnrol | undefined>;
  removeEnrol(): Promise<void>;
  /** the key of an enrolment under way: should its answer be lost, the same request can be sent again */
  loadPending(): Promise<{ token: string; privateKey: string } | undefined>;
  savePending(pending: { token: string; privateKey: string }): Promise<void>;
  removePending(): Promise<void>;
}

export async function openIdentityFiles(agentFolder: string): Promise<IdentityFiles> {
  const folder = join(agentFolder, 'identity');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const [identity, pending, enrol] = [join(folder, 'identity.json'), join(folder, 'pending.json'), join(agentFolder, 'enrol.json')];
  return {
    load: async () => (await readJson(identity)) as Identity | undefined,
    save: (value) => writeFileAtomic(identity, `${JSON.stringify(value)}\n`),
    // Compute writes it; half a file is not there yet.
    loadEnrol: async () => asEnrol(await readJson(enrol).catch(() => undefined)),
    removeEnrol: () => rm(enrol, { force: true }),
    loadPending: async () => (await readJson(pending).catch(() => undefined)) as { token: string; privateKey: string } | undefined,
    savePending: (value) => writeFileAtomic(pending, `${JSON.stringify(value)}\n`),
    removePending: () => rm(pending, { force: true }),
  };
}

function asEnrol(value: unknown): AgentEnrol | undefined {
  const found = value as Partial<AgentEnrol> | undefined;
  const isWhole = [found?.token, found?.identityCa, found?.enrolAddress, found?.conductorAddress].every((text) => typeof text === 'string' && text !== '');
  return isWhole ? (found as AgentEnrol) : undefined;
}
