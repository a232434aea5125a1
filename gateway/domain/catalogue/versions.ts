/**
 * What operators choose about versions. A create holds the rows of its version and flavor until it commits (`insert.ts`),
 * and the deletions here take them for themselves before they count: either sees the other.
 */
import { CofferError, invalidInput, type InputIssue, notFound } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { appendMutation } from '../../events/append.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller, CatalogueChanges, FlavorDoc, UpdateVersionInput, VersionDoc } from '../api.ts';
import { type Action, mayDo, requireAction } from '../policy.ts';
import { type CatalogueDeps, changeCatalogue, countText } from './change.ts';

type VersionChanges = Pick<CatalogueChanges, 'registerVersion' | 'updateVersion' | 'deleteVersion' | 'setDefaultVersion'>;
const mostProjects = 1_000;

export function createVersionChanges(deps: CatalogueDeps): VersionChanges {
  const { catalogue } = deps;

  /** Others than operators are answered from memory: they shall hold up nobody's create. */
  const authorise = (caller: Caller, action: Action, id: string): void => {
    if (!mayDo(caller.role, action) && !catalogue.version(caller, id)) throw notFound(`version ${id}`);
    requireAction(caller, action);
  };
  const lockVersion = async (tx: Tx, caller: Caller, id: string, strength: 'update' | 'no key update' | 'key share'): Promise<VersionDoc> => {
    await tx.query(`select 1 from datastore_version where id = $1 for ${strength}`, [id]);
    return versionWithin(tx, caller, id);
  };
  const versionWithin = async (tx: Tx, caller: Caller, id: string): Promise<VersionDoc> => {
    const version = (await catalogue.within(tx)).version(caller, id);
    if (!version) throw notFound(`version ${id}`);
    return version;
  };
  const tell = (tx: Tx, caller: Caller, type: Action, { id, datastore, name }: VersionDoc, more: object = {}): Promise<void> =>
    appendMutation(tx, caller, { type, subject: id, projectId: null, data: { datastore, version: name, ...more } });

  return {
    async registerVersion(caller, { datastore: wanted, version: name, active }) {
      requireAction(caller, 'datastore-version.register');
      const datastore = catalogue.datastore(wanted);
      if (!datastore) throw notFound(`datastore ${wanted}`);
      const tracks = catalogue.manifest(datastore.name)?.tracks.map((track) => track.name) ?? [];
      if (!tracks.includes(name)) throw invalidInput([{ path: ['input', 'version'], message: `the plugin of ${datastore.name} has no version "${name}"; it has ${tracks.join(', ')}` }]);
      return changeCatalogue(deps, async (tx) => {
        const [row] = await tx.query<{ id: string }>(REGISTER, [newId('DatastoreVersion'), datastore.id, name, active ?? true]);
        if (!row) throw new CofferError('CONFLICT.EXISTS', `${datastore.name} ${name} is registered already`, { remedy: 'Change it with updateDatastoreVersion.' });
        const version = await versionWithin(tx, caller, row.id);
        await tell(tx, caller, 'datastore-version.register', version, { active: version.active });
        return version;
      });
    },

    async updateVersion(caller, input) {
      const { datastoreVersionId: id } = input;
      authorise(caller, 'datastore-version.update', id);
      return changeCatalogue(deps, async (tx) => {
        // Before the version: whoever deletes a project holds that and then its rows here.
        if (input.projects) await requireProjects(tx, input.projects);
        const before = await lockVersion(tx, caller, id, 'no key update');
        if (isGiven(input.revision) && input.revision !== before.revision) {
          throw new CofferError('CONFLICT.STALE', `${before.datastore} ${before.name} is at revision ${before.revision}, not ${input.revision}`);
        }
        const issues = visibilityIssues(before, input);
        const flavors = input.flavors ? await chosenFlavors(tx, before, input.flavors, issues) : null;
        if (issues.length > 0) throw invalidInput(issues);
        await writeChoices(tx, before, input, flavors);
        const { datastoreVersionId: _, revision: __, ...change } = input;
        await tell(tx, caller, 'datastore-version.update', before, { change });
        return versionWithin(tx, caller, id);
      });
    },

    async deleteVersion(caller, id) {
      authorise(caller, 'datastore-version.delete', id);
      return changeCatalogue(deps, async (tx) => {
        const version = await lockVersion(tx, caller, id, 'update');
        const [{ n } = { n: 0 }] = await tx.query<{ n: number }>('select count(*)::int as n from instance where version_id = $1 and deleted_at is null', [id]);
        if (n > 0) {
          throw new CofferError('PRECONDITION.STATE', `${version.datastore} ${version.name} still has ${countText(n, 'instance')}`, { remedy: 'Delete them first. Or deactivate the version: they stay, and no new ones come.' });
        }
        const [upgrade] = await tx.query<{ id: string }>(UPGRADING, [id]);
        if (upgrade) throw new CofferError('PRECONDITION.STATE', `${upgrade.id} brings an instance to ${version.datastore} ${version.name}, or would go back to it`, { remedy: 'Wait for its end.' });
        await tx.query('delete from datastore_version_project where version_id = $1', [id]);
        await tx.query('delete from datastore_version_flavor where version_id = $1', [id]);
        await tx.query('update datastore set default_version_id = null where default_version_id = $1', [id]);
        await tx.query('update datastore_version set removed_at = now(), active = false, revision = revision + 1 where id = $1', [id]);
        await tell(tx, caller, 'datastore-version.delete', version);
        return version;
      });
    },

    async setDefaultVersion(caller, id) {
      authorise(caller, 'datastore-version.set-default', id);
      return changeCatalogue(deps, async (tx) => {
        const version = await lockVersion(tx, caller, id, 'key share');
        if (!version.active) throw new CofferError('PRECONDITION.STATE', `${version.datastore} ${version.name} is not active`, { remedy: 'Activate it first, with updateDatastoreVersion.' });
        await tx.query('update datastore set default_version_id = $1 where id = $2', [id, version.datastoreId]);
        await tell(tx, caller, 'datastore-version.set-default', version);
        return catalogue.datastore(version.datastoreId)!;
      });
    },
  };
}

/** Acceptance holds the row of the version that it is to: it sees the deletion, or is seen here. */
const UPGRADING = `select id from operation where kind = 'instance.upgrade' and state in ('PENDING', 'RUNNING', 'CANCELLING')
  and $1 in (input->'to'->>'versionId', input->'from'->>'versionId') limit 1`;

/** One that comes back has nothing of what was chosen for it before. */
const REGISTER = `insert into datastore_version (id, datastore_id, name, active) values ($1, $2, $3, $4)
  on conflict (datastore_id, name) do update
    set removed_at = null, active = excluded.active, deprecated = null, visibility = 'PUBLIC', revision = datastore_version.revision + 1
    where datastore_version.removed_at is not null
  returning id`;

const isGiven = <T>(value: T): value is NonNullable<T> => value !== null && value !== undefined;
const visibilityAfter = (before: VersionDoc, input: UpdateVersionInput): VersionDoc['visibility'] => input.visibility ?? before.visibility;

function visibilityIssues(before: VersionDoc, input: UpdateVersionInput): InputIssue[] {
  const given = input.projects?.length ?? 0;
  if (given > mostProjects) return [{ path: ['input', 'projects'], message: `at most ${mostProjects}` }];
  return given > 0 && visibilityAfter(before, input) === 'PUBLIC' ? [{ path: ['input', 'projects'], message: 'everybody sees a PUBLIC version; make it PRIVATE as well, or name no projects' }] : [];
}

async function requireProjects(tx: Tx, ids: readonly string[]): Promise<void> {
  const rows = await tx.query<{ id: string }>('select id from project where id = any($1::text[]) and deleted_at is null order by id for key share', [ids]);
  const known = new Set(rows.map((row) => row.id));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw notFound(`project ${missing}`);
}

/** Held until the transaction ends: none of them is deleted meanwhile. */
async function chosenFlavors(tx: Tx, version: VersionDoc, wanted: readonly string[], issues: InputIssue[]): Promise<string[]> {
  const path = ['input', 'flavors'];
  if (wanted.length === 0) issues.push({ path, message: 'at least one; null allows whichever it works in' });
  const rows = await tx.query<FlavorDoc>(
    'select id, name, vcpus, memory_mb as "memoryMb" from flavor where deleted_at is null and (id = any($1::text[]) or name = any($1::text[])) order by id for key share', [wanted]);
  const ids = wanted.flatMap((reference, i) => {
    const flavor = rows.find((row) => row.id === reference || row.name === reference);
    if (!flavor) issues.push({ path: [...path, String(i)], message: `there is no flavor "${reference}"` });
    else if (flavor.memoryMb < version.minMemoryMb) issues.push({ path: [...path, String(i)], message: `${version.datastore} ${version.name} needs at least ${version.minMemoryMb} MB; ${flavor.name} has ${flavor.memoryMb}` });
    return flavor ? [flavor.id] : [];
  });
  return [...new Set(ids)];
}

/** `flavors`: ids; null when none are named. */
async function writeChoices(tx: Tx, before: VersionDoc, input: UpdateVersionInput, flavors: string[] | null): Promise<void> {
  const { id } = before;
  const deprecated = input.deprecated === undefined ? {} : { deprecated: input.deprecated };
  const columns = { active: input.active ?? before.active, visibility: visibilityAfter(before, input), ...deprecated };
  const names = Object.keys(columns);
  await tx.query(`update datastore_version set ${names.map((name, i) => `${name} = $${i + 2}`).join(', ')}, revision = revision + 1 where id = $1`, [id, ...Object.values(columns)]);
  const projects = columns.visibility === 'PUBLIC' ? [] : input.projects;
  if (projects) {
    await tx.query('delete from datastore_version_project where version_id = $1 and project_id <> all($2::text[])', [id, projects]);
    await tx.query('insert into datastore_version_project (version_id, project_id) select $1, p from unnest($2::text[]) p on conflict do nothing', [id, projects]);
  }
  if (input.flavors !== undefined) {
    await tx.query('delete from datastore_version_flavor where version_id = $1 and flavor_id <> all($2::text[])', [id, flavors ?? []]);
    await tx.query('insert into datastore_version_flavor (version_id, flavor_id) select $1, f from unnest($2::text[]) f on conflict do nothing', [id, flavors ?? []]);
  }
}
