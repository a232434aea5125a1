/** A failure for people, and for programs. Both go to standard error: standard output holds results alone. */
import type { Failure } from '../failure.ts';
import type { Style } from './style.ts';
import { printable, printableLines } from './text.ts';

export function renderFailure(failure: Failure, style: Style): string[] {
  const { issues = [], operation, remedy, requestId, retryAfterMs } = failure.details;
  const code = failure.code.startsWith('CLIENT.') ? '' : style.dim(` (${failure.code})`);
  // With issues the message only repeats them.
  const headline = issues.length > 0 ? 'the input is not valid' : printableLines(failure.message);
  return [
    `${style.red('coffer:')} ${headline}${code}`,
    // every mutation has one argument, called input
    ...issues.map(({ path, message }) => `  ${style.bold(printable((path[0] === 'input' ? path.slice(1) : path).join('.')))}: ${printable(message)}`),
    ...(operation ? [`  ${operation.kind ? `${operation.kind} ` : ''}${operation.id}: coffer operation watch ${operation.id}`] : []),
    ...(remedy ? [`  ${printableLines(remedy)}`] : []),
    ...(retryAfterMs ? [`  Worth trying again in ${Math.ceil(retryAfterMs / 1000)} s`] : []),
    ...(requestId ? [`  The request was ${printable(requestId)}`] : []),
  ];
}

export function failureJson(failure: Failure): object {
  const { issues, operation, remedy, requestId, retryAfterMs } = failure.details;
  return {
    error: {
      code: failure.code, message: failure.message, remedy: remedy ?? null, issues: issues ?? [], operation: operation ?? null,
      ...(retryAfterMs ? { retryAfterMs } : {}), ...(requestId ? { requestId } : {}), exitCode: failure.exitCode,
    },
  };
}
