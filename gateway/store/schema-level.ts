/**
 * Which releases may run on a store. Migrations only expand, so a store that has migrations this release does not know
 * is still its own as long as `installation.schema_level` (the oldest level that may run) is not above `current`.
 *
 * - A release that changes the schema raises `current` by one, however many migrations it has. 1: release 0.1; 2: configuration groups, volumes.
 * - A migration that contracts (drops what a neighbour still uses) ends with
 *   `update installation set schema_level = <the level that stopped using it>` and raises `needed` to the same.
 */
export const schemaLevel = {
  /** of this release */
  current: 2,
  /** what a store must at least have of a release, as this release leaves it */
  needed: 1,
} as const;
