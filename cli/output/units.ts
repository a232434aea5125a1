/** Numbers and times as people read them. */

export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

export const memoryText = (megabytes: number): string => bytesText(megabytes * 1024 ** 2);

/** `0.4 s`, `12.3 s`, `3m 05s`, `2h 10m`, `4d 3h`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(Math.floor(seconds % 60))}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h ${pad(Math.floor((seconds % 3_600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3_600)}h`;
}
const pad = (value: number): string => String(value).padStart(2, '0');

/** How long ago, coarsely: `12s`, `5m`, `3h`, `9d`. */
export function ageText(at: string | null | undefined, nowMs: number): string {
  if (!at) return '–';
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export const momentText = (at: string | null | undefined, nowMs: number): string => {
  if (!at) return '–';
  const isPast = Date.parse(at) <= nowMs;
  return `${at.replace(/\.\d+Z$/, 'Z')} (${isPast ? `${ageText(at, nowMs)} ago` : `in ${ageText(new Date(nowMs).toISOString(), Date.parse(at))}`})`;
};

export const percentText = (fraction: number): string => `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)}%`;
