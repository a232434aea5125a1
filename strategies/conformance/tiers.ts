/** static: seconds, without the engine. engine: what users see of it. fault: each method while something goes wrong. */
export const tiers = ['static', 'engine', 'fault'] as const;
export type Tier = (typeof tiers)[number];
