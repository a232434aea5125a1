/** Whether a control half's answer has the form that the contract says; whoever wrote it, callers may rely on what passed. */
import { catalogueProblem } from './parameter-problems.ts';
import type { ControlHalf } from './spi/control.ts';

export type ControlMethod = { [K in keyof ControlHalf]-?: NonNullable<ControlHalf[K]> extends (input: never) => Promise<unknown> ? K : never }[keyof ControlHalf];

/** Those that a control half may leave out. */
export const optionalMethods = ['parameters', 'checkParameters'] as const satisfies readonly ControlMethod[];

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isIssue = (value: unknown): boolean =>
  isObject(value) && typeof value['message'] === 'string' && value['message'] !== '' && Array.isArray(value['path']) && value['path'].every((part) => typeof part === 'string');
const isEndpoint = (value: unknown): boolean =>
  isObject(value) && (value['role'] === 'PRIMARY' || value['role'] === 'REPLICA') && typeof value['host'] === 'string' && Number.isInteger(value['port'])
  && typeof value['uri'] === 'string' && typeof value['tls'] === 'boolean';

/** null when it has. */
export function controlAnswerProblem(method: ControlMethod, answer: unknown): string | null {
  switch (method) {
    case 'validate': return Array.isArray(answer) && answer.every(isIssue) ? null : 'validate must answer a list of { path, message }';
    case 'size': return isObject(answer) && Object.values(answer).every((value) => typeof value === 'string' && value !== '') ? null : 'size must answer parameters whose values are texts';
    case 'parameters': return catalogueProblem(answer);
    case 'checkParameters': return Array.isArray(answer) && answer.every(isIssue) ? null : 'checkParameters must answer a list of { path, message }';
    case 'endpoints': return Array.isArray(answer) && answer.every(isEndpoint) ? null : 'endpoints must answer a list of { role, host, port, uri, tls }';
  }
}
