/** Tokens and projects. A token is 32 random bytes, shown once, stored as SHA-256; what it may do is in `policy.ts`. */
import { createHash, randomBytes } from 'node:crypto';
import { CofferError, invalidInput, notFound } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { appendEvent, appendMutation } from '../../events/append.ts';
import { isUniqueViolation, type Store, type Tx } from '../../store/tx.ts';
import type { Access, Caller, ProjectDoc, Role, TokenDoc } from '../api.ts';
import { tellCatalogueChanged } from '../catalogue/catalogue.ts';
import { nameIssues } from '../names.ts';
import { toConnection, windowOf } from '../paging.ts';
import { requireAction, requireOn } from '../policy.ts';

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

interface TokenRow { id: string; name: string; role: Role; project_id: string | null; created_by: string; created_at: Date; expires_at: Date | null; revoked_at: Date | null }
const tokenDoc = (r: TokenRow): TokenDoc => ({
  id: r.id, name: r.name, role: r.role, projectId: r.project_id, createdBy: r.created_by, createdAt: r.created_at.toISOString(),
  expiresAt: r.expires_at?.toISOString() ?? null, revokedAt: r.revoked_at?.toISOString() ?? null,
});
interface ProjectRow { id: string; name: string; created_at: Date }
const projectDoc = (r: ProjectRow): ProjectDoc => ({ id: r.id, name: r.name, createdAt: r.created_at.toISOString() });

const cacheForMs = 10_000;
const cacheMost = 10_000;

/** The administrator's token of this installation: exactly one is valid, the one whose hash the host wrote. */
export async function ensureAdminToken(tx: Tx, hash: string): Promise<void> {
  await tx.query(`update api_token set revoked_at = now() where name = 'admin' and project_id is null and created_by = 'installation' and hash <> $1 and revoked_at is null`, [hash]);
  await tx.query(`insert into api_token (id, hash, name, project_id, role, created_by) values ($1, $2, 'admin', null, 'OPERATOR', 'installation') on conflict (hash) do nothing`, [newId('ApiToken'), hash]);
}

export function createAccess(store: Store, now: () => number = Date.now): Access & { forget(tokenId: string): void } {
  const cache = new Map<string, { row: TokenRow; until: number }>();
  /** a look that was under way while a token was forgotten may bring back what was true before */
  let forgotten = 0;

  const look = async (hash: string): Promise<TokenRow | null> => {
    const cached = cache.get(hash);
    if (cached && cached.until > now()) return cached.row;
    const before = forgotten;
    const [row] = await store.query<TokenRow>('select * from api_token where hash = $1', [hash]);
    if (!row) { cache.delete(hash); return null; }
    if (cache.size >= cacheMost) cache.clear();
    if (before === forgotten) cache.set(hash, { row, until: now() + cacheForMs });
    return row;
  };
  const framed = (tx: Tx, caller: Caller, type: string, subject: string, projectId: string | null, data: object): Promise<void> => appendMutation(tx, caller, { type, subject, projectId, data });
  /** What gateways listen for to end what the token has open. */
  const tellRevoked = (tx: Tx, caller: Caller, tokenId: string, projectId: string | null): Promise<unknown> =>
    appendEvent(tx, { type: 'token.revoked', phase: 'INFO', actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId, subject: tokenId, projectId });

  const forget = (tokenId: string): void => {
    forgotten += 1;
    for (const [hash, { row }] of cache) if (row.id === tokenId) cache.delete(hash);
  };

  return {
    forget,
    async authenticate(token, clientAddress, requestId) {
      const row = await look(hashToken(token));
      if (!row || row.revoked_at || (row.expires_at && row.expires_at.getTime() <= now())) return null;
      return { tokenId: row.id, tokenName: row.name, role: row.role, projectId: row.project_id, actor: `token:${row.name}`, clientAddress, requestId, expiresAt: row.expires_at?.toISOString() ?? null };
    },
    async projects(caller, page) {
      const window = windowOf(page);
      const scope = caller.role === 'OPERATOR' ? null : caller.projectId;
      const direction = window.backwards ? 'desc' : 'asc';
      const rows = await store.query<ProjectRow>(
        `select id, name, created_at from project where deleted_at is null and ($1::text is null or id = $1) and ($2::text is null or id ${window.backwards ? '<' : '>'} $2) order by id ${direction} limit $3`,
        [scope, window.from?.id ?? null, window.limit + 1]);
      const [{ n } = { n: 0 }] = await store.query<{ n: number }>('select count(*)::int as n from project where deleted_at is null and ($1::text is null or id = $1)', [scope]);
      return toConnection(rows.map(projectDoc), window, n, (p) => ({ key: '', id: p.id }));
    },
    async project(caller, idOrName) {
      const [row] = await store.query<ProjectRow>('select id, name, created_at from project where deleted_at is null and (id = $1 or name = $1)', [idOrName]);
      return row && (caller.role === 'OPERATOR' || caller.projectId === row.id) ? projectDoc(row) : null;
    },
    async findProjects(caller, ids) {
      const rows = await store.query<ProjectRow>('select id, name, created_at from project where deleted_at is null and id = any($1::text[])', [ids]);
      const byId = new Map(rows.map((r) => [r.id, projectDoc(r)]));
      return ids.map((id) => (caller.role === 'OPERATOR' || caller.projectId === id ? (byId.get(id) ?? null) : null));
    },
    async createProject(caller, name) {
      requireAction(caller, 'project.create');
      const issues = nameIssues(['input', 'name'], name);
      if (issues.length > 0) throw invalidInput(issues);
      return store.transaction(async (tx) => {
        const [row] = await tx.query<ProjectRow>('insert into project (id, name) values ($1, $2) returning id, name, created_at', [newId('Project'), name]);
        await framed(tx, caller, 'project.create', row!.id, row!.id, { name });
        return projectDoc(row!);
      }).catch((error: unknown) => { throw isUniqueViolation(error, 'project') ? new CofferError('CONFLICT.NAME_TAKEN', `a project named "${name}" exists`) : error; });
    },
    async deleteProject(caller, id) {
      const seen = requireOn(caller, 'project.delete', `project ${id}`, await this.project(caller, id), (p) => p.id);
      return store.transaction(async (tx) => {
        const [locked] = await tx.query('select 1 from project where id = $1 and deleted_at is null for update', [seen.id]);
        if (!locked) throw notFound(`project ${id}`);
        const [{ n } = { n: 0 }] = await tx.query<{ n: number }>('select count(*)::int as n from instance where project_id = $1 and deleted_at is null', [seen.id]);
        if (n > 0) throw new CofferError('PRECONDITION.STATE', `project ${seen.name} still has ${n} instance${n === 1 ? '' : 's'}`, { remedy: 'Delete them first.' });
        await tx.query('update configuration set deleted_at = now() where project_id = $1 and deleted_at is null', [seen.id]);
        const tokens = await tx.query<{ id: string }>('update api_token set revoked_at = now() where project_id = $1 and revoked_at is null returning id', [seen.id]);
        for (const token of tokens) await tellRevoked(tx, caller, token.id, seen.id);
        await tx.query('delete from datastore_version_project where project_id = $1', [seen.id]);
        tellCatalogueChanged(tx);
        // the name becomes free, the row stays for audit
        await tx.query(`update project set deleted_at = now(), name = name || '#' || id where id = $1`, [seen.id]);
        await framed(tx, caller, 'project.delete', seen.id, seen.id, { name: seen.name });
        return seen;
      });
    },
    async tokens(caller, projectId, page) {
      const project = requireOn(caller, 'token.read', `project ${projectId}`, await this.project(caller, projectId), (p) => p.id);
      const window = windowOf(page);
      const rows = await store.query<TokenRow>(
        `select * from api_token where project_id = $1 and ($2::text is null or id ${window.backwards ? '<' : '>'} $2) order by id ${window.backwards ? 'desc' : 'asc'} limit $3`,
        [project.id, window.from?.id ?? null, window.limit + 1]);
      const [{ n } = { n: 0 }] = await store.query<{ n: number }>('select count(*)::int as n from api_token where project_id = $1', [project.id]);
      return toConnection(rows.map(tokenDoc), window, n, (t) => ({ key: '', id: t.id }));
    },
    async createToken(caller, input) {
      const projectId = await tokenScope(this, caller, input);
      requireAction(caller, 'token.create');
      const issues = nameIssues(['input', 'name'], input.name);
      if (input.expiresAt && !(Date.parse(input.expiresAt) > now())) issues.push({ path: ['input', 'expiresAt'], message: 'must lie in the future' });
      if (issues.length > 0) throw invalidInput(issues);
      const secret = `coffer_${randomBytes(32).toString('base64url')}`;
      return store.transaction(async (tx) => {
        // not into a project that is deleted at this moment: its tokens are all revoked
        if (projectId !== null && (await tx.query('select 1 from project where id = $1 and deleted_at is null for key share', [projectId])).length === 0) throw notFound(`project ${projectId}`);
        const [row] = await tx.query<TokenRow>(
          'insert into api_token (id, hash, name, project_id, role, created_by, expires_at) values ($1,$2,$3,$4,$5,$6,$7) returning *',
          [newId('ApiToken'), hashToken(secret), input.name, projectId, input.role, caller.actor, input.expiresAt ?? null]);
        await framed(tx, caller, 'token.create', row!.id, projectId, { name: input.name, role: input.role });
        return { token: tokenDoc(row!), secret };
      });
    },
    async revokeToken(caller, tokenId) {
      const [row] = await store.query<TokenRow>('select * from api_token where id = $1', [tokenId]);
      requireOn(caller, 'token.revoke', `token ${tokenId}`, row, (t) => t.project_id);
      const answer = await store.transaction(async (tx) => {
        const [revoked] = await tx.query<TokenRow>('update api_token set revoked_at = coalesce(revoked_at, now()) where id = $1 returning *', [tokenId]);
        await tellRevoked(tx, caller, tokenId, revoked!.project_id);
        await framed(tx, caller, 'token.revoke', tokenId, revoked!.project_id, { name: revoked!.name });
        return tokenDoc(revoked!);
      });
      // other gateways hear of it; whoever is answered here may count on it at once
      forget(tokenId);
      return answer;
    },
  };
}

/** Null: an operator's token. Nobody makes a token that is worth more than the own one. */
async function tokenScope(access: Access, caller: Caller, input: { projectId?: string | null | undefined; role: Role }): Promise<string | null> {
  if (input.role === 'OPERATOR') {
    if (caller.role !== 'OPERATOR') throw new CofferError('ACCESS.FORBIDDEN', 'only an operator may make an operator\'s token', { details: { action: 'token.create' } });
    if (input.projectId) throw invalidInput([{ path: ['input', 'projectId'], message: 'an operator\'s token belongs to no project' }]);
    return null;
  }
  const wanted = input.projectId ?? caller.projectId;
  if (!wanted) throw invalidInput([{ path: ['input', 'projectId'], message: 'say for which project' }]);
  const project = await access.project(caller, wanted);
  if (!project) throw notFound(`project ${wanted}`);
  return project.id;
}
