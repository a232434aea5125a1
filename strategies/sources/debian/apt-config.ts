/**
 * A private apt configuration. Of the host's own only how to reach the archive is taken (`Acquire::`: proxy, timeouts,
 * certificates); apt's logins in /etc/apt/auth.conf.d apply by themselves. Its configuration parts are not read at
 * all: they can hold hooks that act on the system (Docker's images empty the system's package cache after an update).
 */
export interface AptPaths { state: string; lists: string; status: string; cache: string; archives: string; sourcesList: string }

/** Lines of the host's `apt-config dump` that concern how to reach the archive. */
export function hostAcquireLines(dump: string): string[] {
  const foreign = /^Acquire::(IndexTargets|Changelogs|cdrom|Languages|GzipIndexes|AllowInsecure|AllowWeak|AllowDowngrade)/;
  return dump.split('\n').filter((line) => /^Acquire::\S+ ".+";$/.test(line) && !foreign.test(line));
}

/** apt's syntax knows no escape inside quotes, so a path with a quote cannot be said. */
export const isSafeAptPath = (path: string): boolean => !/["\n;]/.test(path);

export function renderAptConfig(paths: AptPaths, acquire: readonly string[], sandboxUser: '_apt' | 'root'): string {
  return [
    ...acquire,
    'Dir::Etc::parts "/dev/null";', 'Dir::Etc::main "/dev/null";',
    'Dir::Etc::preferences "/dev/null";', 'Dir::Etc::preferencesparts "/dev/null";',
    'Dir::Etc::trusted "/dev/null";', 'Dir::Etc::trustedparts "/dev/null";',
    'Dir::Etc::sourceparts "/dev/null";', `Dir::Etc::sourcelist "${paths.sourcesList}";`,
    `Dir::State "${paths.state}/";`, `Dir::State::lists "${paths.lists}/";`, `Dir::State::status "${paths.status}";`,
    `Dir::Cache "${paths.cache}/";`, `Dir::Cache::archives "${paths.archives}/";`, `Dir::Log "${paths.state}/";`,
    'APT::Architecture "amd64";', 'APT::Architectures { "amd64"; };',
    'APT::Install-Recommends "false";', 'APT::Install-Suggests "false";', 'APT::Get::AllowUnauthenticated "false";',
    'Acquire::AllowInsecureRepositories "false";', 'Acquire::AllowWeakRepositories "false";', 'Acquire::AllowDowngradeToInsecureRepositories "false";',
    'Acquire::Languages "none";', 'Acquire::GzipIndexes "true";',
    'Acquire::Retries "3";', 'Acquire::http::Timeout "30";', 'Acquire::https::Timeout "30";',
    'APT::Update::Error-Mode "any";', 'APT::Color "false";', 'Dpkg::Use-Pty "false";',
    `APT::Sandbox::User "${sandboxUser}";`,
    '',
  ].join('\n');
}

/**
 * As root apt gives its download methods to `_apt`, which is worth keeping: they parse what a mirror sends. It works
 * only where that user can reach the directory; below a private home (0700) it could not, and apt would go on as root
 * after a warning on every run, or fail on its lists. So root is chosen, openly, exactly there.
 */
export const decideSandboxUser = (facts: { isRoot: boolean; hasAptUser: boolean; isReachable: boolean }): '_apt' | 'root' =>
  facts.isRoot && facts.hasAptUser && facts.isReachable ? '_apt' : 'root';
