/**
 * The private package database apt resolves against. It claims that what a prefix never runs is installed: maintainer
 * scripts' machinery, the base system and its administration. Everything else, down to the C library, is then fetched,
 * so a host needs nothing but a kernel, a shell, apt, dpkg-deb and tar. A distribution's wrappers around one engine
 * are for its plugin to name in `exclude`.
 */
const machinery = [
  // maintainer scripts and accounts
  'debconf', 'adduser', 'passwd', 'ucf', 'dpkg', 'debianutils', 'init-system-helpers', 'lsb-base', 'sysvinit-utils', 'sensible-utils',
  'systemd', 'systemd-standalone-sysusers', 'systemd-standalone-tmpfiles', 'opensysusers', 'base-files', 'base-passwd', 'login', 'logrotate',
  // shells and tools of the host
  'dash', 'bash', 'coreutils', 'sed', 'grep', 'gawk', 'mawk', 'mount', 'util-linux', 'iproute2', 'netbase', 'psmisc', 'openssl', 'locales',
  'locales-all', 'tzdata-legacy', 'ca-certificates', 'media-types', 'mailcap', 'hicolor-icon-theme',
  'ssl-cert', 'java-common', 'ca-certificates-java',
  // Perl is only for wrappers and maintainer scripts
  'perl', 'perl-base', 'perl-modules-5.36', 'perl-modules-5.40', 'perl-modules-5.42', 'libperl5.36', 'libperl5.40', 'libperl5.42', 'libdbi-perl',
];
/** Names without a package of their own. */
const virtual = [
  'debconf-2.0 (= 9999)', 'cdebconf (= 9999)', 'awk', 'default-mta', 'mail-transport-agent', 'systemd-sysusers (= 9999)', 'systemd-tmpfiles (= 9999)',
  'default-systemd-sysusers (= 9999)', 'perlapi-5.36.0', 'perlapi-5.40.1', 'perlapi-5.42.0',
];
/** `perl:any` is satisfied only by a package of this architecture that allows it. */
const isAnyQualified = (name: string): boolean => /^(perl|python3|libpython3.*)$/.test(name);

const stanza = (name: string, extra: readonly string[] = []): string => [
  `Package: ${name}`, 'Status: install ok installed', 'Priority: optional', 'Section: misc', 'Maintainer: nobody <nobody@localhost>',
  `Architecture: ${isAnyQualified(name) ? 'amd64' : 'all'}`, `Multi-Arch: ${isAnyQualified(name) ? 'allowed' : 'foreign'}`,
  'Version: 9999:9', ...extra, 'Description: not wanted in a prefix', '', '',
].join('\n');

/** A dpkg status file in which the machinery and `exclude` are installed; a package that is wanted itself is left out of it. */
export function renderStatus(exclude: readonly string[], wanted: readonly string[]): string {
  const names = [...new Set([...machinery, ...exclude])].filter((name) => !wanted.includes(name));
  return [...names.map((name) => stanza(name)), stanza('prefix-placeholder', [`Provides: ${virtual.join(', ')}`])].join('');
}
