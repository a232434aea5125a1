/** Fraction 0..1 and words for people. */
export type Progress = (fraction: number, message: string) => void;

/** A part of the way, told as if it were the whole. */
export const scaled = (progress: Progress, from: number, to: number): Progress => (fraction, message) => progress(from + fraction * (to - from), message);

/** Progress that never goes back, whatever a second attempt starts with. */
export function createMonotonic(progress: Progress | undefined): Progress {
  let highest = 0;
  return (fraction, message) => { highest = Math.max(highest, Math.min(1, fraction)); progress?.(highest, message); };
}

export const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

export interface DownloadItem { file: string; sizeBytes: number }
export const totalBytes = (items: readonly DownloadItem[]): number => items.reduce((sum, item) => sum + item.sizeBytes, 0);

/**
 * What to say of a download: the item under way and how much of what must be fetched is there. `arrived` has bytes by
 * file name; partial files count with what they have.
 */
export function describeDownload<T extends DownloadItem>(missing: readonly T[], arrived: ReadonlyMap<string, number>, nameOf: (item: T) => string): { fraction: number; message: string } {
  const bytesOf = (item: T): number => Math.min(item.sizeBytes, arrived.get(item.file) ?? 0);
  const [total, done] = [totalBytes(missing), missing.reduce((sum, item) => sum + bytesOf(item), 0)];
  const current = missing.find((item) => bytesOf(item) > 0 && bytesOf(item) < item.sizeBytes) ?? missing.find((item) => bytesOf(item) === 0);
  const what = current ? nameOf(current) : 'packages';
  return { fraction: total === 0 ? 1 : done / total, message: `downloading ${what} (${megabytes(done)} of ${megabytes(total)} MB)` };
}
