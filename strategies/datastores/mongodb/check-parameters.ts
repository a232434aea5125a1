/**
 * Values that are right one by one and not together: what the flavor has no memory for, and what works against each other.
 * Each rule speaks only of what the group sets; sizing is right by itself. Pure.
 */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import { blaming, ordered } from '../../spi/combinations.ts';
import type { SizingInput } from '../../spi/control.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { cacheSize, maxConnections, section } from './options.ts';
import { ownMemoryMb } from './sizing.ts';

export interface CheckInput extends SizingInput { sizing: Record<string, string>; parameters: Record<string, string> }

/** Of each connection: a thread with its stack. */
const connectionMb = 1;
const bytesPerMb = 1024 ** 2;
const msPerMinute = 60_000;
/** https://source.wiredtiger.com/10.0.0/tune_cache.html: eviction_dirty_target, eviction_dirty_trigger */
const dirtyShares = { target: 0.05, most: 0.2 } as const;
const tellMb = (mb: number): string => `${Math.round(mb * 10) / 10} MB`;
/** Each operation, or the server as a whole, may take so much beside the cache. */
const beside = ['internalDocumentSourceGroupMaxMemoryBytes', 'internalQueryMaxBlockingSortMemoryUsageBytes', 'tcmallocMaxTotalThreadCacheBytes'];

export function checkParameters(catalogue: readonly ParameterSpec[], { flavor: { memoryMb }, sizing, parameters }: CheckInput): InputIssue[] {
  const defaults = new Map(catalogue.map((spec) => [spec.name, spec.default]));
  const count = (name: string): number => Number(parameters[name] ?? sizing[name] ?? defaults.get(name) ?? 0);
  const issues: InputIssue[] = [];
  const blame = blaming(parameters, issues);

  const cacheMb = count(cacheSize) * 1024;
  const connections = count(maxConnections);
  if (cacheMb + ownMemoryMb > memoryMb) blame([cacheSize], `must be at most ${(memoryMb - ownMemoryMb) / 1024}: of the flavor's ${memoryMb} MB the server itself needs ${ownMemoryMb}`);
  else if (cacheMb + connections * connectionMb > memoryMb) {
    blame([maxConnections, cacheSize], (name) => `must fit into the flavor's ${memoryMb} MB ${name === cacheSize ? `beside ${connectionMb} MB for each of ${maxConnections}` : `with ${connectionMb} MB each, beside ${cacheSize}`}: ${cacheMb} MB and ${connections} connections do not`);
  }
  for (const name of beside.map((one) => section + one)) {
    const ownMb = Math.ceil(count(name) / bytesPerMb);
    if (cacheMb + ownMb > memoryMb) blame([name], `must leave room for the cache: ${ownMb} MB and ${cacheMb} MB are more than the flavor's ${memoryMb} MB`);
  }

  const [refresh, timeout] = [`${section}logicalSessionRefreshMillis`, `${section}localLogicalSessionTimeoutMinutes`];
  if (count(refresh) >= count(timeout) * msPerMinute) blame([refresh, timeout], ordered(refresh, timeout, `sessions end while they are in use where ${count(refresh)} ms are not below ${count(timeout)} min`, true));
  const [target, most] = [`${section}wiredTigerEvictionDirtyTargetGB`, `${section}wiredTigerEvictionDirtyMaxGB`];
  // Whole megabytes; 0 is the server's own share of the cache.
  const dirtyMb = (name: string, share: number): number => Math.floor(count(name) * 1024) || cacheMb * share;
  const [targetMb, mostMb] = [dirtyMb(target, dirtyShares.target), dirtyMb(most, dirtyShares.most)];
  if (targetMb >= mostMb) blame([target, most], ordered(target, most, `${tellMb(targetMb)} are not below ${tellMb(mostMb)}; one that is 0 is ${dirtyShares.target * 100} or ${dirtyShares.most * 100} % of the cache`, true));
  for (const name of [target, most]) if (count(name) * 1024 > cacheMb) blame([name], `must not be above the cache, which has ${cacheMb} MB`);
  for (const [name, value] of Object.entries(parameters)) if (value.includes('\0')) blame([name], 'must not contain the character 0');
  return issues;
}
