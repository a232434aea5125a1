/** Which subscriptions an event concerns: found by subject or by project, never by asking all of them. */
import type { Entry } from './event-row.ts';

export interface Scope { subject?: string | undefined; projectId?: string | null | undefined }

type Push = (entry: Entry) => void;

export interface Routes {
  attach(scope: Scope, push: Push): () => void;
  deliver(entry: Entry): void;
}

export function createRoutes(): Routes {
  const bySubject = new Map<string, Set<Push>>();
  const byProject = new Map<string, Set<Push>>();
  const all = new Set<Push>();

  function into(map: Map<string, Set<Push>>, key: string, push: Push): () => void {
    const set = map.get(key) ?? new Set<Push>();
    map.set(key, set.add(push));
    return () => {
      set.delete(push);
      if (set.size === 0 && map.get(key) === set) map.delete(key);
    };
  }
  const tell = (set: Set<Push> | undefined, entry: Entry): void => { if (set) for (const push of set) push(entry); };

  return {
    attach(scope, push) {
      const guarded: Push = (entry) => { if (concerns(scope, entry)) push(entry); };
      if (scope.subject !== undefined) return into(bySubject, scope.subject, guarded);
      if (scope.projectId) return into(byProject, scope.projectId, guarded);
      all.add(guarded);
      return () => { all.delete(guarded); };
    },
    deliver(entry) {
      tell(bySubject.get(entry.event.subject), entry);
      if (entry.event.projectId !== null) tell(byProject.get(entry.event.projectId), entry);
      tell(all, entry);
    },
  };
}

/** Both narrow when both are given: a subject never shows events of another project. */
export const concerns = (scope: Scope, { event }: Entry): boolean =>
  (scope.subject === undefined || event.subject === scope.subject) && (!scope.projectId || event.projectId === scope.projectId);
