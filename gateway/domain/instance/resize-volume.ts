/** A larger volume: judged on what is seen, then an operation. The same for a person and for what grows by itself. */
import { CofferError, type InputIssue, invalidInput } from '../../../kernel/errors.ts';
import type { GrowVolumeWork } from '../../operations/workflows/grow-volume.ts';
import type { Tx } from '../../store/tx.ts';
import { diskRefusalOf } from '../admission.ts';
import type { Accepted, Caller } from '../api.ts';
import { requireIssueless } from '../configuration/change.ts';
import { siteIssues } from '../configuration/judge.ts';
import { readRevision } from '../configuration/rows.ts';
import type { DomainDeps } from '../deps.ts';
import { readHostLoads } from '../host-load.ts';
import { requireOn } from '../policy.ts';
import type { InstanceRow } from './change.ts';
import type { GroupRevision, InstanceDoc } from './document.ts';
import { accept, requireBuilt } from './lifecycle.ts';
import { findInstance } from './read.ts';
import { limits } from './validate-create.ts';

const path = ['input', 'sizeGb'];
const gibibyte = 1024 ** 3;

/** `check` looks at the locked row before anything else does. */
export async function resizeVolume(deps: DomainDeps, caller: Caller, input: { instanceId: string; sizeGb: number }, check: (row: InstanceRow) => void = () => {}): Promise<Accepted> {
  const { instanceId, sizeGb } = input;
  const instance = requireOn(caller, 'instance.resize-volume', `instance ${instanceId}`, await findInstance(deps.store, caller, { id: instanceId }), (doc) => (doc.deletedAt ? null : doc.projectId));
  const { min, max } = limits.volumeGb;
  if (sizeGb < min || sizeGb > max) throw invalidInput([{ path, message: `must be ${min} to ${max}` }]);
  if (sizeGb > instance.volumeGb) await requireValuesFit(deps, instance, sizeGb);

  return accept(deps, caller, 'instance.resize-volume', 'instance.grow-volume', instanceId, {
    async prepare(tx, row) {
      requireBuilt(row);
      check(row);
      requireLarger(row, sizeGb);
      if (row.flavor_id !== instance.flavorId || JSON.stringify(groupOf(row)) !== JSON.stringify(instance.configuration)) {
        throw new CofferError('CONFLICT.STALE', `instance ${row.name} is being changed`, { remedy: 'Try again.' });
      }
      await requireRoom(tx, deps, row, sizeGb);
      return { input: { sizeGb } satisfies Partial<GrowVolumeWork> };
    },
  });
}

const groupOf = (row: InstanceRow): GroupRevision | null => (row.configuration_id === null ? null : { id: row.configuration_id, revision: row.configuration_revision! });

/** Formulas over the volume must come to something the engine takes. What is wrong at the present size too keeps no full volume from growing. */
async function requireValuesFit(deps: DomainDeps, instance: InstanceDoc, sizeGb: number): Promise<void> {
  const { id, name, flavorId, datastore, track, configuration } = instance;
  if (configuration === null) return;
  const { values } = await readRevision(deps.store, configuration.id, configuration.revision);
  const issuesAt = (volumeGb: number): Promise<InputIssue[]> => siteIssues(deps, { datastore, track }, values, [{ id, name, flavorId, volumeGb, wanted: configuration.revision }], (parameter) => [parameter]);
  const then = await issuesAt(sizeGb);
  const known = then.length === 0 ? new Set() : new Set((await issuesAt(instance.volumeGb)).map((issue) => issue.path[0]));
  requireIssueless(then.filter((issue) => !known.has(issue.path[0])).map(({ message }) => ({ path, message })));
}

function requireLarger(row: InstanceRow, sizeGb: number): void {
  if (sizeGb === row.volume_gb) throw invalidInput([{ path, message: `the volume of ${row.name} is ${sizeGb} GB already` }]);
  if (sizeGb > row.volume_gb) return;
  const used = row.volume_used_bytes === null ? 'an unknown part of it' : `${(Number(row.volume_used_bytes) / gibibyte).toFixed(2)} GB`;
  throw invalidInput([{ path, message: `the volume of ${row.name} is ${row.volume_gb} GB with ${used} used; volumes do not shrink` }]);
}

/** A first look: the operation reserves the room, one at a time on a host. */
async function requireRoom(tx: Tx, deps: DomainDeps, row: InstanceRow, sizeGb: number): Promise<void> {
  const [load] = await readHostLoads(tx, deps.enginePorts, { hostId: row.host_id });
  const refusal = load ? diskRefusalOf(load, sizeGb - row.volume_gb, deps.reserve) : null;
  if (refusal) throw refusal;
}
