import { EngineSourceError } from '../source-error.ts';

/** One package of a resolved set, as the signed index tells it. */
export interface ClosurePackage {
  name: string;
  version: string;
  /** as apt names it in its cache: an epoch's colon is `%3a` */
  file: string;
  sizeBytes: number;
  installedBytes: number;
  sha256: string;
}

/** File names and sizes out of `apt-get install --print-uris`. */
export function parsePrintUris(output: string): { file: string; name: string; version: string; sizeBytes: number }[] {
  return output.split('\n').flatMap((line) => {
    const match = /^'[^']+' (?<file>\S+_\S+_\S+\.deb) (?<size>\d+)/.exec(line);
    const file = match?.groups?.['file'];
    if (file === undefined) return [];
    const [name = '', version = ''] = file.split('_');
    return [{ file, name, version: decodeURIComponent(version), sizeBytes: Number(match?.groups?.['size']) }];
  });
}

export interface PackageRecord { name: string; version: string; sizeBytes: number; installedBytes: number; sha256: string }

/** The records of `apt-cache show`: blocks of `Field: value`, continuation lines start with a space. */
export function parseRecords(output: string): PackageRecord[] {
  return output.split(/\n\n+/).flatMap((block) => {
    const fields = new Map(block.split('\n').flatMap((line) => {
      const match = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
      return match ? [[match[1], match[2] ?? ''] as const] : [];
    }));
    const [name, version] = [fields.get('Package'), fields.get('Version')];
    if (!name || !version) return [];
    return [{ name, version, sizeBytes: Number(fields.get('Size')), installedBytes: Number(fields.get('Installed-Size') ?? 0) * 1024, sha256: fields.get('SHA256') ?? '' }];
  });
}

/** Joins both; a package whose checksum the signed index does not tell is refused. */
export function joinClosure(planned: ReturnType<typeof parsePrintUris>, records: readonly PackageRecord[]): ClosurePackage[] {
  return planned.map((p) => {
    const record = records.find((r) => r.name === p.name && r.version === p.version && r.sizeBytes === p.sizeBytes);
    if (record === undefined || !/^[0-9a-f]{64}$/.test(record.sha256)) {
      throw new EngineSourceError('apt-failed', `the package index has no checksum of ${p.name} ${p.version}`);
    }
    return { ...record, file: p.file };
  });
}

/** "17.12-0+deb13u1" is 17.12 to people. */
export const upstreamVersion = (version: string): string => version.replace(/^\d+:/, '').replace(/-[^-]*$/, '').replace(/[+~].*$/, '');
