import { CofferError, invalidInput, type InputIssue, notFound } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { appendMutation } from '../../events/append.ts';
import { isUniqueViolation } from '../../store/tx.ts';
import type { CatalogueChanges, FlavorDoc } from '../api.ts';
import { nameIssues } from '../names.ts';
import { mayDo, requireAction } from '../policy.ts';
import { type CatalogueDeps, changeCatalogue, countText } from './change.ts';

const limits = { vcpus: { min: 0.05, max: 1_024 }, memoryMb: { min: 32, max: 16 * 1024 * 1024 } } as const;

const rangeIssues = (field: keyof typeof limits, value: number): InputIssue[] => {
  const { min, max } = limits[field];
  return value >= min && value <= max ? [] : [{ path: ['input', field], message: `must be ${min} to ${max}` }];
};

export function createFlavorChanges(deps: CatalogueDeps): Pick<CatalogueChanges, 'createFlavor' | 'deleteFlavor'> {
  return {
    async createFlavor(caller, { name, vcpus, memoryMb }) {
      requireAction(caller, 'flavor.create');
      const issues = [...nameIssues(['input', 'name'], name), ...rangeIssues('vcpus', vcpus), ...rangeIssues('memoryMb', memoryMb)];
      if (issues.length > 0) throw invalidInput(issues);
      const flavor: FlavorDoc = { id: newId('Flavor'), name, vcpus, memoryMb };
      return changeCatalogue(deps, async (tx) => {
        await tx.query('insert into flavor (id, name, vcpus, memory_mb) values ($1, $2, $3, $4)', [flavor.id, name, vcpus, memoryMb]);
        await appendMutation(tx, caller, { type: 'flavor.create', subject: flavor.id, projectId: null, data: { name, vcpus, memoryMb } });
        return flavor;
      }).catch((error: unknown) => { throw isUniqueViolation(error, 'flavor') ? new CofferError('CONFLICT.NAME_TAKEN', `a flavor named "${name}" exists`) : error; });
    },

    async deleteFlavor(caller, id) {
      if (!mayDo(caller.role, 'flavor.delete') && deps.catalogue.flavor(id)?.id !== id) throw notFound(`flavor ${id}`);
      requireAction(caller, 'flavor.delete');
      return changeCatalogue(deps, async (tx) => {
        const [flavor] = await tx.query<FlavorDoc>('select id, name, vcpus, memory_mb as "memoryMb" from flavor where id = $1 and deleted_at is null for update', [id]);
        if (!flavor) throw notFound(`flavor ${id}`);
        const [{ n } = { n: 0 }] = await tx.query<{ n: number }>('select count(*)::int as n from instance where (flavor_id = $1 or wanted_flavor_id = $1) and deleted_at is null', [id]);
        if (n > 0) throw new CofferError('PRECONDITION.STATE', `flavor ${flavor.name} is that of ${countText(n, 'instance')}`, { remedy: 'Delete them first.' });
        const naming = await tx.query<{ version: string }>(
          `select d.name || ' ' || v.name as version from datastore_version_flavor f join datastore_version v on v.id = f.version_id join datastore d on d.id = v.datastore_id where f.flavor_id = $1 order by 1`, [id]);
        // Taking it out of them could leave one without any, which means all.
        if (naming.length > 0) throw new CofferError('PRECONDITION.STATE', `flavor ${flavor.name} is among those chosen for ${naming.map((row) => row.version).join(', ')}`, { remedy: 'Choose others for these versions first, with updateDatastoreVersion.' });
        // the name becomes free, the row stays for the instances that had it
        await tx.query(`update flavor set deleted_at = now(), name = name || '#' || id where id = $1`, [id]);
        await appendMutation(tx, caller, { type: 'flavor.delete', subject: id, projectId: null, data: { name: flavor.name } });
        return flavor;
      });
    },
  };
}
