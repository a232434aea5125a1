/** Volumes that grow by themselves: what may be asked for, and when a step is due. Pure. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { VolumeAutoscaling } from './document.ts';
import { isVolumeUseStale } from './observation.ts';

export const autoscalingLimits = { thresholdPercent: { min: 10, max: 95 }, stepGb: { min: 1, max: 65_536 }, maxGb: { min: 1, max: 65_536 }, coolDownSeconds: { min: 60, max: 30 * 24 * 3_600 } } as const;

export function autoscalingIssues(given: VolumeAutoscaling, sizeGb: number, path: string[]): InputIssue[] {
  const issues = (Object.keys(autoscalingLimits) as (keyof VolumeAutoscaling)[]).flatMap((name): InputIssue[] => {
    const { min, max } = autoscalingLimits[name];
    return given[name] >= min && given[name] <= max ? [] : [{ path: [...path, name], message: `must be ${min} to ${max}` }];
  });
  if (given.maxGb < sizeGb) issues.push({ path: [...path, 'maxGb'], message: `must not be below the volume's size, ${sizeGb} GB` });
  return issues;
}

const gibibyte = 1024 ** 3;
export const isOverThreshold = ({ usedBytes, volumeGb, thresholdPercent }: { usedBytes: number; volumeGb: number; thresholdPercent: number }): boolean =>
  usedBytes * 100 >= volumeGb * gibibyte * thresholdPercent;

export interface GrowthInput {
  nowMs: number;
  autoscaling: VolumeAutoscaling;
  volumeGb: number;
  usedBytes: number | null;
  /** when that was measured */
  usedAt: string | null;
  /** something is being done to the instance */
  isBusy: boolean;
  /** when the last step, or what a person asked for, has ended, however it did */
  lastEndedMs: number | null;
  /** when the last work on the instance has ended, of any kind: what it needs room for meanwhile is gone, as the copy of an upgrade */
  lastWorkEndedMs: number | null;
}

/**
 * The size that the volume should have now, or null. One step at a time, each on a figure that was measured after the
 * last work had ended: a step never follows from the use that has led to the one before it, nor from what was there for a
 * while. A volume does not shrink.
 */
export function decideGrowth({ nowMs, autoscaling, volumeGb, usedBytes, usedAt, isBusy, lastEndedMs, lastWorkEndedMs }: GrowthInput): number | null {
  const { thresholdPercent, stepGb, maxGb, coolDownSeconds } = autoscaling;
  if (isBusy || usedBytes === null || usedAt === null || isVolumeUseStale(usedAt, nowMs)) return null;
  if (!isOverThreshold({ usedBytes, volumeGb, thresholdPercent }) || volumeGb >= maxGb) return null;
  if (lastEndedMs !== null && nowMs - lastEndedMs < coolDownSeconds * 1_000) return null;
  if (Date.parse(usedAt) <= Math.max(lastEndedMs ?? 0, lastWorkEndedMs ?? 0)) return null;
  return Math.min(volumeGb + stepGb, maxGb);
}
