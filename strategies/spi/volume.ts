/** `sizeBytes`: what is kept for it on the disk; 0 where its size is a promise. */
export interface VolumeFacts { sizeBytes: number; isAttached: boolean }

/**
 * Where the data of instances lie: behind `instances/<id>/volume`. An instance keeps the type that it was made with. Used by the compute role, in the lane
 * of the instance: nothing else is done to it meanwhile. Every method is idempotent by instance id, also after a crash
 * half way, and what it cannot do is a `CofferError`.
 */
export interface VolumeStrategy {
  /** as `VolumeInput.type` and the records of guests name it */
  readonly type: string;
  /** the file system itself refuses what is beyond the size; else the size is a promise, and somebody watches it */
  readonly isHard: boolean;
  /** Why this host cannot have such volumes, for people; null: it can. */
  problem(): Promise<string | null>;
  /** Made and attached. What fails leaves nothing behind. */
  create(instanceId: string, sizeGb: number, signal: AbortSignal): Promise<void>;
  /** `instances/<id>/volume` leads to it: also after a restart of the machine, before anything of the instance starts. */
  attach(instanceId: string, signal: AbortSignal): Promise<void>;
  /** Larger, under whoever uses it. A size that it has already, or is beyond, changes nothing: volumes never shrink. */
  grow(instanceId: string, sizeGb: number, signal: AbortSignal): Promise<void>;
  /** Null when there is none. */
  inspect(instanceId: string): Promise<VolumeFacts | null>;
  /** The data stay; nobody uses them. */
  detach(instanceId: string, signal: AbortSignal): Promise<void>;
  /** Nothing of it is left outside the instance's folder, also when that is gone already. */
  destroy(instanceId: string, signal: AbortSignal): Promise<void>;
}
