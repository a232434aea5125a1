/** How the program ends. The table is part of its contract: docs/reference/cli.md prints it. */
export const exitCodes = {
  ok: 0, failure: 1, usage: 2, notFound: 3, conflict: 4, forbidden: 5, unavailable: 6, interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'Done.',
  1: 'It failed: an operation ended in a fault or was cancelled, an item was refused by the engine, or something unexpected happened.',
  2: 'The command line, the configuration or an input is not valid; nothing was changed.',
  3: 'Nothing with that id or name.',
  4: 'Refused in the state things are in: busy, name taken, deletion protection, no room, capability absent.',
  5: 'No valid token, or its role does not allow it.',
  6: 'Coffer, an agent, an engine or a host cannot be reached now, or `--timeout` has passed.',
  130: 'Ctrl-C, or SIGTERM. What was accepted goes on without the client.',
};

export interface Issue { path: readonly string[]; message: string }

export interface FailureDetails {
  /** of the error catalogue (docs/reference/errors.md), or `CLIENT.…` for what this program finds itself */
  code?: string;
  remedy?: string | null;
  issues?: readonly Issue[];
  /** in the way, or still running */
  operation?: { id: string; kind?: string } | null;
  retryAfterMs?: number | null;
  /** where the server's log has more */
  requestId?: string | null;
  exitCode?: ExitCode;
}

/** Everything that ends a command early and is meant for people. Anything else that is thrown is a bug. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly details: FailureDetails;
  readonly exitCode: ExitCode;

  constructor(message: string, details: FailureDetails = {}) {
    super(message);
    this.code = details.code ?? 'CLIENT.FAILED';
    this.details = details;
    this.exitCode = details.exitCode ?? exitCodeOf(this.code);
  }
}

export const usageFailure = (message: string, remedy: string | null = null): Failure =>
  new Failure(message, { code: 'CLIENT.USAGE', remedy, exitCode: exitCodes.usage });
export const notFoundFailure = (message: string, remedy: string | null = null): Failure =>
  new Failure(message, { code: 'RESOURCE.NOT_FOUND', remedy });

const byCode: Readonly<Record<string, ExitCode>> = {
  'ENGINE.UNAVAILABLE': exitCodes.unavailable, 'AGENT.UNREACHABLE': exitCodes.unavailable, 'HOST.UNREACHABLE': exitCodes.unavailable,
  'REQUEST.LIMIT_EXCEEDED': exitCodes.failure, 'CLIENT.UNREACHABLE': exitCodes.unavailable, 'CLIENT.TIMEOUT': exitCodes.unavailable,
};
/** Codes are stable and new ones join a namespace, so an unknown code still ends in the right number. */
const byNamespace: Readonly<Record<string, ExitCode>> = {
  INPUT: exitCodes.usage, RESOURCE: exitCodes.notFound, CONFLICT: exitCodes.conflict, PRECONDITION: exitCodes.conflict,
  ADMISSION: exitCodes.conflict, CAPABILITY: exitCodes.conflict, QUOTA: exitCodes.conflict, ACCESS: exitCodes.forbidden, STORE: exitCodes.unavailable,
};

export const exitCodeOf = (code: string): ExitCode => byCode[code] ?? byNamespace[code.split('.')[0] ?? ''] ?? exitCodes.failure;
