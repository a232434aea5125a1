import type { Log } from '../../../kernel/log.ts';
import type { RepositorySettings } from '../artefacts/find-repository.ts';

export interface DebianOptions {
  /** real path of the engine store */
  root: string;
  log: Log;
  /** keys the archive must be signed with; default: the host's debian-archive-keyring */
  keyring?: string | undefined;
  /** where artefacts are fetched, as far as the operator's settings tell */
  repositories?: RepositorySettings | undefined;
}
