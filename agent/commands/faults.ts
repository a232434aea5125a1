import type { FaultRecord } from '../journal/record.ts';
import type { GuestFaultCode } from '../../strategies/spi/guest.ts';

export type CommandFaultCode = GuestFaultCode | 'CANCELLED' | 'DEADLINE' | 'UNSUPPORTED';

/** Why a command was told to end; the reason of its AbortSignal. */
export class CommandAborted extends Error {
  override readonly name = 'CommandAborted';
  readonly code: 'CANCELLED' | 'DEADLINE';
  constructor(code: 'CANCELLED' | 'DEADLINE', message: string) {
    super(message);
    this.code = code;
  }
}

/** Instead of words that are not meant for people. */
export const unexpected = 'Something unexpected happened at the engine; the agent\'s log has the details';

const guestCodes = new Set<string>(['RETRYABLE', 'EXISTS', 'MISSING', 'REFUSED', 'FAILED_TO_START', 'FAILED'] satisfies GuestFaultCode[]);
/** Final answers about one item; the others of the command go on. */
const itemCodes = new Set<string>(['EXISTS', 'MISSING', 'REFUSED']);
export const isItemFault = (fault: FaultRecord): boolean => itemCodes.has(fault.code);

/**
 * What is told of an error. A plugin may come with its own copy of the contract, so a fault is known by name, not by
 * class. Anything else is a bug of the plugin: its words stay in the log.
 */
export function faultOf(error: unknown, signal: AbortSignal, redact: (text: string) => string): FaultRecord {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (signal.aborted) {
    const reason = signal.reason instanceof CommandAborted ? signal.reason : new CommandAborted('CANCELLED', 'The command was aborted');
    return { code: reason.code, message: reason.message };
  }
  if (name === 'GuestFault' && code !== undefined && guestCodes.has(code)) return { code, message: redact(message ?? '') };
  return { code: 'FAILED', message: unexpected };
}

/** Replaces every secret of a command wherever it turns up in a text. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= shortestSecret).sort((a, b) => b.length - a.length);
  return (text) => known.reduce((result, secret) => result.replaceAll(secret, '[secret]'), text);
}
/** Shorter ones would mutilate ordinary words. */
const shortestSecret = 4;
