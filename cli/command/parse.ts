/** Values of options and arguments. A wrong one is a usage error that says what is right. */
import { InvalidArgumentError } from 'commander';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `5m`, `1h30m`; a bare number means seconds. */
export function durationMs(text: string): number {
  const ms = spanMs(text);
  if (ms === null) throw new InvalidArgumentError('Give a duration such as 90s, 5m or 1h.');
  return ms;
}

function spanMs(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ''] ?? 0), 0);
  return (!isWhole && !/^\d+(\.\d+)?$/.test(text)) || ms <= 0 ? null : ms;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    return value;
  };
}

export function positiveNumber(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0) throw new InvalidArgumentError('Give a number such as 0.5 or 2.');
  return Number(text);
}

/** A repeatable option: each use adds to the list. */
export const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

export interface Tag { key: string; value: string }

export function tagOf(text: string): Tag {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give a tag as key=value.');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}
export const collectTags = (text: string, earlier: Tag[] | undefined): Tag[] => [...(earlier ?? []), tagOf(text)];

/** `key` alone matches any value. */
export const tagFilterOf = (text: string): { key: string; value?: string } => (text.includes('=') ? tagOf(text) : { key: text });

export interface Window { day: Day; start: string; durationMinutes: number }
export const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
export type Day = (typeof days)[number];

/** `sunday 03:00 60`: day, start in UTC, minutes. */
export function maintenanceOf(text: string): Window {
  const match = /^\s*([a-z]+)\s+(\d{2}:\d{2})\s+(\d{1,4})\s*$/i.exec(text);
  const day = days.find((name) => name === match?.[1]?.toUpperCase());
  if (!match || !day) throw new InvalidArgumentError('Give day, start in UTC and minutes, such as "sunday 03:00 60".');
  return { day, start: match[2]!, durationMinutes: Number(match[3]) };
}

export interface Autoscaling { thresholdPercent: number; stepGb: number; maxGb: number; coolDownSeconds: number }
const autoscalingWords = { threshold: 'thresholdPercent', step: 'stepGb', max: 'maxGb', cooldown: 'coolDownSeconds' } as const satisfies Record<string, keyof Autoscaling>;
const usualCoolDownSeconds = 600;

/** `threshold=80,step=5,max=100,cooldown=600`: per cent, GiB, GiB, seconds; the last may be left out. */
export function autoscalingOf(text: string): Autoscaling {
  const given = text.split(',').map((part) => /^\s*([a-z]+)=(\d{1,9})\s*$/.exec(part));
  const found = Object.fromEntries(given.flatMap((match) => (match && Object.hasOwn(autoscalingWords, match[1]!) ? [[autoscalingWords[match[1] as keyof typeof autoscalingWords], Number(match[2])]] : [])));
  const whole = { coolDownSeconds: usualCoolDownSeconds, ...found };
  const isWhole = Object.values(autoscalingWords).every((name) => Object.hasOwn(whole, name)) && Object.keys(found).length === given.length;
  if (!isWhole) throw new InvalidArgumentError('Give per cent, GiB, GiB and seconds, such as threshold=80,step=5,max=100,cooldown=600.');
  return whole as Autoscaling;
}

/** A word of a fixed set, in any case. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (!found) throw new InvalidArgumentError(`Allowed: ${words.map((word) => word.toLowerCase()).join(', ')}.`);
    return found;
  };
}
export function someOf<Word extends string>(words: readonly Word[]): (text: string, earlier: Word[] | undefined) => Word[] {
  const parse = oneOf(words);
  return (text, earlier) => [...(earlier ?? []), ...text.split(',').map((part) => parse(part.trim()))];
}

/** RFC 3339 of a moment given as such, or as a duration from now. */
export function momentOf(nowMs: () => number): (text: string) => string {
  return (text) => {
    const isDate = /^\d{4}-\d{2}-\d{2}/.test(text);
    const ms = isDate ? Date.parse(text) : nowMs() + (spanMs(text) ?? NaN);
    if (Number.isNaN(ms)) throw new InvalidArgumentError('Give a time such as 2027-01-31T12:00:00Z, or a duration such as 30d.');
    return new Date(ms).toISOString();
  };
}
