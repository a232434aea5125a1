import type { DebianSuite } from '../../spi/engine-source.ts';

/** One source the host's apt is configured with. `label` is known only where the host has lists. */
export interface HostArchive { uri: string; release: string; label?: string }

/** The mirrors to ask, as the host asks them. */
export interface DebianArchives { main: string; hasUpdates: boolean; security?: string }

const releaseNames = ['bullseye', 'bookworm', 'trixie', 'forky', 'sid', 'oldstable', 'stable', 'testing', 'unstable'];
const baseOf = (release: string): string => release.replace(/[-/](updates|security|backports.*|proposed-updates)$/, '');
const trimmed = (uri: string): string => uri.replace(/\/+$/, '');

/** Sources out of `apt-get update --print-uris`, which needs no lists and knows both spellings of sources.list. */
export function parseUpdateUris(output: string): HostArchive[] {
  return output.split('\n').flatMap((line) => {
    const match = /^'(?<uri>[^']+?)\/dists\/(?<release>[^']+)\/InRelease'/.exec(line);
    return match?.groups ? [{ uri: trimmed(match.groups['uri'] ?? ''), release: match.groups['release'] ?? '' }] : [];
  });
}

/** `REPO_URI|RELEASE|LABEL` lines of `apt-get indextargets`; apt leaves a name it cannot fill as `$(NAME)`. */
export function parseIndexTargets(output: string): HostArchive[] {
  return output.split('\n').flatMap((line) => {
    const [uri, release, label] = line.split('|');
    return uri && release ? [{ uri: trimmed(uri), release, ...(label && !label.startsWith('$(') ? { label } : {}) }] : [];
  });
}

/**
 * Which of the host's sources is Debian's own archive, and which its security archive. Where the host has no lists no
 * label tells, and a vendor's repository may call its suite "bookworm" too: the one that has updates beside it wins.
 * A wrong guess does no harm, its signature does not verify.
 */
export function chooseArchives(sources: readonly HostArchive[], labelled: readonly HostArchive[]): DebianArchives | undefined {
  const labelOf = (s: HostArchive): string | undefined => labelled.find((l) => l.uri === s.uri && l.release === s.release)?.label;
  const usable = sources.filter((s) => !s.uri.startsWith('cdrom:') && releaseNames.includes(baseOf(s.release)));
  const isSecurity = (s: HostArchive): boolean => /[-/](security|updates)$/.test(s.release) && (labelOf(s) === 'Debian-Security' || /security/.test(`${s.uri} ${s.release}`));
  const hasUpdatesAt = (uri: string): boolean => usable.some((s) => s.uri === uri && s.release.endsWith('-updates'));
  const mains = usable.filter((s) => s.release === baseOf(s.release) && ['Debian', undefined].includes(labelOf(s)));
  const main = mains.find((s) => labelOf(s) === 'Debian') ?? mains.find((s) => hasUpdatesAt(s.uri)) ?? mains[0];
  const security = usable.find(isSecurity);
  return main && { main: main.uri, hasUpdates: hasUpdatesAt(main.uri), ...(security ? { security: security.uri } : {}) };
}

/** The private sources.list of one suite: what the host asks for its own release, asked for this one. Sid has neither updates nor security. */
export function renderSourcesList(archives: DebianArchives, suite: DebianSuite, keyring: string): string {
  const options = `[arch=amd64 signed-by=${keyring}]`;
  const isReleased = suite !== 'sid';
  return [
    `deb ${options} ${archives.main} ${suite} main`,
    ...(isReleased && archives.hasUpdates ? [`deb ${options} ${archives.main} ${suite}-updates main`] : []),
    ...(isReleased && archives.security !== undefined ? [`deb ${options} ${archives.security} ${suite}-security main`] : []),
    '',
  ].join('\n');
}
