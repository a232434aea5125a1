/**
 * Where an engine's binaries come from. A plugin's manifest lists sources per track as pure data; the store of a host
 * turns the first one that works into a build: an exact set of files that never changes on disk.
 */

/** How a program tells its version, e.g. `engined --version`. Standard output and error are both read. */
export interface VersionCommand {
  /** a program (not a script) of the binaries' directory */
  binary: string;
  /** `{prefix}` is replaced by the build's, e.g. `-cp`, `{prefix}/usr/share/engine/*` */
  args: readonly string[];
  /** regular expression source; group 1 is the version ("17.12") */
  pattern: string;
}

/** Binaries somebody else installed on the host. Their version is read from the binary and must belong to the track. */
export interface HostSource {
  kind: 'host';
  /** every program the plugin runs; a directory that lacks one is passed over, with the reason told */
  binaries: readonly string[];
  /** globs of absolute directories, tried in this order, e.g. `/usr/lib/engine/17/bin` */
  searchPaths: readonly string[];
  versionCommand: VersionCommand;
}

export type DebianSuite = 'bookworm' | 'trixie' | 'sid';

/**
 * Debian packages with everything they need down to the C library, fetched with the host's own apt configuration,
 * signatures verified, unpacked beside the system: neither root nor the host's package database is involved.
 */
export interface DebianSource {
  kind: 'debian';
  suite: DebianSuite;
  packages: readonly string[];
  /** packages treated as already installed, so that they and what only they need stay away, e.g. a compiler or the distribution's wrapper scripts */
  exclude?: readonly string[];
  /** globs relative to the prefix, deleted after unpacking, e.g. `usr/lib/engine/17/lib/plugin*` */
  removeFiles?: readonly string[];
  /** what comes from elsewhere, laid into the same prefix and relinked against the same libraries */
  artefacts?: readonly ArtefactSpec[];
  /** relative to the prefix, e.g. `usr/lib/engine/17/bin` */
  binDir: string;
  versionCommand: VersionCommand;
}

/**
 * A file named by its SHA-256, fetched and laid into a build's prefix before the prefix is relinked. Sizes are of the
 * download, in bytes, for progress and for the check of free space.
 */
export type ArtefactSpec = MavenArtefact | WheelArtefact | ArchiveArtefact;

/** One file of a Maven repository: the operator's (`COFFER_MAVEN_REPOSITORY`, the mirror in Maven's own settings) or the public one. */
export interface MavenArtefact {
  kind: 'maven';
  /** path below the repository, e.g. `org/example/thing/1.0/thing-1.0.jar` */
  path: string;
  sha256: string;
  sizeBytes: number;
  /** directory relative to the prefix that takes the file under its own name */
  into: string;
}

/** Files of a Python wheel (a zip), from the operator's package index (`COFFER_PYTHON_INDEX`, pip's own settings) or the public one. */
export interface WheelArtefact {
  kind: 'wheel';
  project: string;
  version: string;
  /** file name of the wheel in the index */
  file: string;
  sha256: string;
  sizeBytes: number;
  /** path in the wheel → path relative to the prefix; made executable */
  programs: Readonly<Record<string, string>>;
}

/** A tarball or zip at an address of its own. Links in a zip are refused. */
export interface ArchiveArtefact {
  kind: 'archive';
  /** what it is, as a build's list of packages names it */
  name: string;
  version: string;
  /** http or https; the SHA-256 decides what is accepted, so another address of the same file makes the same build */
  url: string;
  sha256: string;
  sizeBytes: number;
  format: 'tar.gz' | 'tar.xz' | 'zip';
  /** leading directories of the archive that are dropped */
  strip: number;
  /** directory relative to the prefix */
  into: string;
}

/**
 * Artefacts alone, for an engine whose makers ship a tarball: nothing is relinked, its programs run on the host's
 * libraries. Where they miss one, the installation fails and says so.
 */
export interface ArchiveSource {
  kind: 'archive';
  artefacts: readonly ArtefactSpec[];
  /** globs relative to the prefix, deleted after unpacking */
  removeFiles?: readonly string[];
  /** relative to the prefix, e.g. `opt/engine/bin` */
  binDir: string;
  versionCommand: VersionCommand;
}

/** What a plugin's manifest says about where binaries of a track come from. Pure data. */
export type EngineSourceSpec = HostSource | DebianSource | ArchiveSource;

export interface EnginePackage { name: string; version: string; sha256: string }

/** An exact immutable package set on disk. An instance pins one by its id. */
export interface EngineBuild {
  /** `${datastore}-${version}-${hash8}`; the hash covers the packages and how they were laid out */
  id: string;
  datastore: string;
  track: string;
  /** as read from the binary */
  version: string;
  /** absolute; a build works at this path only (its loader is named absolutely), so never move or copy it */
  prefix: string;
  /** absolute */
  binDir: string;
  /** SHA-256 over the sorted `name=version=sha256` of packages and artefacts, or over the binaries of a host build */
  closureHash: string;
  source: EngineSourceSpec['kind'];
  /** packages and artefacts; empty for a host build */
  packages: EnginePackage[];
  /** RFC 3339 */
  installedAt: string;
}

export interface EnsureEngineRequest {
  datastore: string;
  track: string;
  /** tried in this order, after the operator's own directory and an installed build */
  sources: readonly EngineSourceSpec[];
  signal: AbortSignal;
  /** fraction 0..1, never going back; the message is for people: "downloading libicu76 76.1 (23 of 41 MB)" */
  progress?(fraction: number, message: string): void;
  /**
   * Ask the source that the installed build is of for a newer one, over the network where it is there; what is installed stays for the
   * instances that pin it, and is the answer when there is nothing newer. A source that cannot be asked is a failure then.
   */
  refresh?: boolean;
}

/**
 * The engine cache of one host. Reading needs no right to write, so users may share a cache that root filled.
 * What cannot be had is a CofferError `SOURCE.UNAVAILABLE` whose message tells what to do.
 */
export interface EngineStore {
  /** Every usable build, newest version first. A build half made, moved or (host) replaced since is not listed. */
  list(): Promise<EngineBuild[]>;
  /** The build a new instance of the track would get without asking any source, or undefined. */
  find(datastore: string, track: string): Promise<EngineBuild | undefined>;
  /** The same of every track that has builds. */
  offered(): Promise<EngineBuild[]>;
  get(buildId: string): Promise<EngineBuild | undefined>;
  /** Idempotent; safe in several processes at once: one installs, the others wait for it. */
  ensure(request: EnsureEngineRequest): Promise<EngineBuild>;
  /** Makes exactly this build again from the packages kept, without network; for a build directory that was lost. */
  restore(request: { buildId: string; signal: AbortSignal; progress?(fraction: number, message: string): void }): Promise<EngineBuild>;
}
