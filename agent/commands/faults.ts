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
const unexpected = 'Something unexpected happened at the engine; the agent\'s log has the details';
const noRoom = 'The disk has no room left: delete data, or enlarge the volume';
const noRoomCodes = new Set(['ENOSPC', 'EDQUOT']);

/** Of what is no fault in words of its own: that there is no room is nobody's bug, and whose volume it is can help it. */
export function wordsForUnexpected(error: unknown): string {
  for (let one = error as NodeJS.ErrnoException | undefined; one instanceof Error; one = one.cause as NodeJS.ErrnoException | undefined) {
    if (noRoomCodes.has(one.code ?? '')) return noRoom;
  }
  return unexpected;
}

const guestCodes = new Set<string>(['RETRYABLE', 'EXISTS', 'MISSING', 'REFUSED', 'FAILED_TO_START', 'FAILED'] satisfies GuestFaultCode[]);
/** Final answers about one item; the others of the command go on. */
const itemCodes = new Set<string>(['EXISTS', 'MISSING', 'REFUSED']);
export const isItemFault = (fault: FaultRecord): boolean => itemCodes.has(fault.code);

/**
 * What is told of an error. A plugin may come with its own copy of the contract, so a fault is known by name, not by
 * class. Anything else is a bug of the plugin, or no room: its words stay in the log.
 */
export function faultOf(error: unknown, signal: AbortSignal, redact: (text: string) => string): FaultRecord {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (signal.aborted) {
    const reason = signal.reason instanceof CommandAborted ? signal.reason : new CommandAborted('CANCELLED', 'The command was aborted');
    return { code: reason.code, message: reason.message };
  }
  if (name === 'GuestFault' && code !== undefined && guestCodes.has(code)) return { code, message: redact(message ?? '') };
  return { code: 'FAILED', message: wordsForUnexpected(error) };
}

/** Replaces every secret of a command wherever it turns up in a text. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= shortestSecret).sort((a, b) => b.length - a.length);
  return (text) => known.reduce((result, secret) => result.replaceAll(secret, '[secret]'), text);
}
/** Shorter ones would mutilate ordinary words. */
const shortestSecret = 4;
