/** What ends a command with one clear line on the terminal instead of a stack. */
export class HostProblem extends Error {
  override readonly name = 'HostProblem';
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
/** As sysexits(3) counts a mistake in the configuration; the gateway ends with it too. */
export const configurationExitCode = 78;

/** What the system means, for people; what is not known is told in its own words. */
export function explainSystemError(error: unknown, doing: string): HostProblem {
  if (error instanceof HostProblem) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const at = path ? ` (${path})` : '';
  switch (code) {
    case 'ENOSPC': return new HostProblem(`${doing}: the disk is full${at}. Free some space and start again`);
    case 'EDQUOT': return new HostProblem(`${doing}: the user's disk quota is used up${at}`);
    case 'EROFS': return new HostProblem(`${doing}: the file system is read-only${at}`);
    case 'EACCES': case 'EPERM': return new HostProblem(`${doing}: permission denied${at}. Choose another folder with COFFER_HOME, or give this one to the user who starts Coffer`);
    case 'ENOENT': return new HostProblem(`${doing}: no such file or folder${at}`);
    case 'ENOTDIR': case 'EEXIST': return new HostProblem(`${doing}: a file is in the way${at}`);
    default: return new HostProblem(`${doing}: ${message.split('\n')[0] ?? message}`);
  }
}
