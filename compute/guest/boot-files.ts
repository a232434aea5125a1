import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentBoot, AgentEnrol } from '../../kernel/guest-record.ts';
import type { Enrolment } from '../../strategies/spi/compute.ts';
import { writeFileAtomically } from '../files.ts';
import type { GuestRecord } from '../records/guest-record.ts';
import type { ComputeContext } from './context.ts';
import { guestPaths } from './folders.ts';

/** What the agent is told, from the record alone. */
export function bootOf(context: ComputeContext, record: GuestRecord): AgentBoot {
  const { spec, build } = record;
  if (!spec || !build) throw new Error(`${record.instanceId} has no guest yet`);
  return {
    version: 1, instanceId: record.instanceId, datastore: spec.datastore, track: spec.track,
    build: { id: build.id, version: build.version, prefix: build.prefix, bin: build.binDir },
    flavor: spec.flavor, volumeGb: spec.volumeGb, ports: spec.ports, bind: spec.bind, advertise: spec.advertise,
    isolation: record.isolation, engineUid: context.users.engineUid, agentUser: context.users.agentUser, limitsUnenforced: record.limitsUnenforced,
    paths: guestPaths(context.records.folder(record.instanceId), record.shortRun),
    trustDomain: spec.enrolment.trustDomain, identityCa: spec.enrolment.identityCa,
    enrolAddress: spec.enrolment.enrolAddress, conductorAddress: spec.enrolment.conductorAddress,
  };
}

export const bootFile = (agentFolder: string): string => join(agentFolder, 'boot.json');
export const enrolFile = (agentFolder: string): string => join(agentFolder, 'enrol.json');

/** True when the file changed. */
export async function writeBootFile(context: ComputeContext, record: GuestRecord): Promise<boolean> {
  const boot = bootOf(context, record);
  const path = bootFile(boot.paths.agent);
  const content = `${JSON.stringify(boot, null, 2)}\n`;
  if ((await readFile(path, 'utf8').catch(() => null)) === content) return false;
  await writeFileAtomically(path, content, { mode: 0o600, owner: context.users.owners(record).agent });
  return true;
}

export async function writeEnrolFile(context: ComputeContext, record: GuestRecord, enrolment: Enrolment): Promise<void> {
  const enrol: AgentEnrol = { token: enrolment.token, identityCa: enrolment.identityCa, enrolAddress: enrolment.enrolAddress, conductorAddress: enrolment.conductorAddress };
  const { agent } = guestPaths(context.records.folder(record.instanceId), record.shortRun);
  await writeFileAtomically(enrolFile(agent), JSON.stringify(enrol), { mode: 0o600, owner: context.users.owners(record).agent });
}
