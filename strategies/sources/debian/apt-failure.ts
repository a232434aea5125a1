import type { SourceFailure } from '../source-error.ts';

/** What apt says, in order of what explains most: a wrong signature also makes "some index files failed". */
const patterns: readonly (readonly [SourceFailure, RegExp])[] = [
  ['disk-full', /No space left on device|don't have enough free space|Disk quota exceeded/i],
  ['signature', /NO_PUBKEY|is not signed|signatures? (were|couldn't be|is|are) |BADSIG|EXPKEYSIG|GPG error|Missing key|Sub-process .* returned an error code .*OpenPGP|not available in the .*keyring/i],
  ['corrupt-package', /Hash Sum mismatch|File has unexpected size/i],
  ['no-such-package', /Unable to locate package|has no installation candidate|couldn't find any package|404\s+Not Found|does not have a Release file/i],
  ['no-network', /Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|Connection (failed|timed out|refused|reset)|Network is unreachable|Failed to fetch|Cannot initiate the connection|Proxy Authentication|50[234]\s/i],
];

export const classifyAptFailure = (output: string): SourceFailure => patterns.find(([, pattern]) => pattern.test(output))?.[0] ?? 'apt-failed';

/** apt's own words, the useful lines of them, on one line. */
function aptWords(output: string): string {
  const lines = output.split('\n').filter((line) => /^(E|W|Err|Error|Warning):/.test(line) || /^ .*(Depends|Conflicts|Breaks):/.test(line));
  const useful = lines.filter((line) => !/Some index files failed|unable to correct problems|Aborting/i.test(line)).map((line) => line.replace(/^(E|W|Error|Warning): ?/, '').trim());
  return [...new Set(useful)].slice(0, 3).join(' / ').slice(0, 500);
}

const sentences: Partial<Record<SourceFailure, string>> = {
  'no-network': 'the Debian archive could not be reached',
  signature: 'the signature of the Debian archive does not verify',
  'disk-full': 'the disk is full',
  'no-such-package': 'the archive does not have the packages',
  'corrupt-package': 'a downloaded file does not have the checksum the archive signed',
};

export function describeAptFailure(output: string): { reason: SourceFailure; message: string } {
  const reason = classifyAptFailure(output);
  const words = aptWords(output);
  return { reason, message: `${sentences[reason] ?? 'apt could not do it'}${words === '' ? '' : ` (apt says: ${words})`}` };
}
