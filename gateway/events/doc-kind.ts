/** What an event's document is. */
import type { LogEvent } from './feed.ts';

type Told = Pick<LogEvent, 'type' | 'phase' | 'operationId'>;
const framing = new Set(['START', 'END', 'ERROR']);

/**
 * `doc` is an OperationView: `operation.updated`, and the START, END and ERROR that frame an operation (their type is
 * the operation's kind, such as `instance.create`).
 */
export const isOperationEvent = (event: Told): boolean =>
  event.operationId !== null && (event.type === 'operation.updated' || (framing.has(event.phase) && event.type !== 'operation.cancel'));

/** `doc` is an InstanceDoc, or null once it is gone: `instance.created`, `instance.updated`, `instance.deleted` and kin. */
export const isInstanceEvent = (event: Told): boolean => event.type.startsWith('instance.') && !framing.has(event.phase);
