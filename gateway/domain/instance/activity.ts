/** What an exclusive operation does to an instance, as far as its status is concerned. */
export type Activity = 'create' | 'delete' | 'planned-downtime' | 'other';

const VERB = /^(?:instance[.:_-])?(create|delete|force-?delete|start|stop|restart|reset|resize|upgrade|restore)(?:[._-]?instance)?$/i;

/** Reads the kind of an operation: `createInstance`, `instance.create` and plain `create` mean the same. */
export function activityOf(kind: string): Activity {
  const verb = VERB.exec(kind)?.[1]?.toLowerCase();
  if (verb === undefined) return 'other';
  if (verb === 'create') return 'create';
  return verb.endsWith('delete') ? 'delete' : 'planned-downtime';
}
