/**
 * Who may do what: the one table every use case asks. A foreign project's thing is never forbidden but missing, so that
 * its existence cannot be probed; FORBIDDEN is only ever said about things the caller can see.
 */
import { CofferError, notFound } from '../../kernel/errors.ts';
import type { Caller, Role, VersionDoc, Viewer } from './api.ts';

const rank: Record<Role, number> = { VIEWER: 0, EDITOR: 1, OWNER: 2, OPERATOR: 3 };

/** The smallest role that may do it. */
export const policy = {
  'catalogue.read': 'VIEWER',
  'instance.read': 'VIEWER',
  'instance.read-deleted': 'OPERATOR',
  'instance.create': 'EDITOR',
  'instance.update': 'EDITOR',
  'instance.start': 'EDITOR',
  'instance.stop': 'EDITOR',
  'instance.restart': 'EDITOR',
  'instance.resize': 'EDITOR',
  'instance.delete': 'EDITOR',
  'instance.resize-volume': 'EDITOR',
  'instance.reset': 'OPERATOR',
  'instance.ping': 'VIEWER',
  'instance.upgrade': 'EDITOR',
  'configuration.read': 'VIEWER',
  'configuration.validate': 'VIEWER',
  'configuration.create': 'EDITOR',
  'configuration.update': 'EDITOR',
  'configuration.delete': 'EDITOR',
  'configuration.attach': 'EDITOR',
  'configuration.detach': 'EDITOR',
  'engine.read': 'VIEWER',
  'engine.write': 'EDITOR',
  'engine.root': 'OWNER',
  'operation.read': 'VIEWER',
  'operation.cancel': 'EDITOR',
  'operation.retry': 'EDITOR',
  'event.read': 'VIEWER',
  'project.read': 'VIEWER',
  'project.create': 'OPERATOR',
  'project.delete': 'OPERATOR',
  'token.read': 'OWNER',
  'token.create': 'OWNER',
  'token.revoke': 'OWNER',
  'engine-build.install': 'OPERATOR',
  'datastore-version.register': 'OPERATOR',
  'datastore-version.update': 'OPERATOR',
  'datastore-version.delete': 'OPERATOR',
  'datastore-version.set-default': 'OPERATOR',
  'version.rollout': 'OPERATOR',
  'flavor.create': 'OPERATOR',
  'flavor.delete': 'OPERATOR',
  'system.read': 'OPERATOR',
} as const satisfies Record<string, Role>;
export type Action = keyof typeof policy;

export const mayDo = (role: Role, action: Action): boolean => rank[role] >= rank[policy[action]];

export const seesProject = (caller: Viewer, projectId: string | null): boolean =>
  caller.role === 'OPERATOR' || (projectId !== null && caller.projectId === projectId);

export const seesVersion = (viewer: Viewer, version: Pick<VersionDoc, 'visibility' | 'projectIds'>): boolean =>
  version.visibility === 'PUBLIC' || viewer.role === 'OPERATOR' || (viewer.projectId !== null && version.projectIds.includes(viewer.projectId));

export function requireAction(caller: Caller, action: Action): void {
  if (!mayDo(caller.role, action)) {
    throw new CofferError('ACCESS.FORBIDDEN', `${action} needs the role ${policy[action]}; this token is ${caller.role}`, { details: { action } });
  }
}

/** For a thing that was looked up: first visibility (missing), then the role (forbidden). */
export function requireOn<T>(caller: Caller, action: Action, what: string, thing: T | null | undefined, projectOf: (thing: T) => string | null): T {
  if (thing === null || thing === undefined || !seesProject(caller, projectOf(thing))) throw notFound(what);
  requireAction(caller, action);
  return thing;
}
