/**
 * Which part may import which. Paths are regular expressions from the repository's root; a `from` group ($1) can be
 * used in `to`. The house's reasons are in docs/architecture.md.
 */
import type { IForbiddenRuleType } from 'dependency-cruiser';

/** Folders whose files are looked at. */
export const ROOMS = ['agent', 'cli', 'compute', 'gateway', 'host', 'kernel', 'kit', 'sdk', 'strategies', 'scripts', 'prisma/engine', 'examples', 'test'];

/** Packages and Node's own modules; everything else is a file of ours. */
const OUTSIDE = { dependencyTypesNot: ['core' as const, 'npm' as const, 'npm-dev' as const, 'npm-no-pkg' as const, 'npm-unknown' as const] };

/** What this repository publishes: by these names strangers see it, and code that is written as theirs. */
const PUBLISHED = '^@coffer/plugin-(sdk|kit)$';

export const RULES: IForbiddenRuleType[] = [
  {
    name: 'kernel-stands-alone',
    comment: 'kernel/ is what everybody may import, so it imports none of us',
    from: { path: '^kernel/' },
    to: { pathNot: '^kernel/', ...OUTSIDE },
  },
  {
    name: 'spi-imports-kernel-only',
    comment: 'strategies/spi is what third parties build on: only kernel/ beside itself, no packages',
    from: { path: '^strategies/spi/' },
    to: { pathNot: '^(strategies/spi|kernel)/', dependencyTypesNot: ['core'] },
  },
  {
    name: 'datastore-stays-home',
    comment: 'a datastore folder imports the SPI, the kernel, packages, a family (a folder shared by engines) and itself; never another datastore or a room',
    from: { path: '^strategies/datastores/([^/]+)/' },
    to: { pathNot: '^(strategies/datastores/($1|[^/]+-family)|strategies/spi|kernel)/', ...OUTSIDE },
  },
  {
    name: 'family-knows-no-engine',
    comment: 'what engines share is given what differs; it imports none of them, nor another family',
    from: { path: '^strategies/datastores/([^/]+-family)/' },
    to: { path: '^strategies/datastores/', pathNot: '^strategies/datastores/$1/' },
  },
  {
    name: 'strategies-know-no-room',
    comment: 'strategies are used by the gateway, agent and compute role and know none of them; the contracts they may speak',
    from: { path: '^strategies/' },
    to: { path: '^(agent|cli|compute|gateway|host)/' },
  },
  {
    name: 'gateway-never-imports-a-guest-half',
    comment: 'guest halves have effects on an engine’s machine; the gateway only plans and asks the agent',
    from: { path: '^gateway/' },
    to: { path: '^strategies/datastores/[^/]+/guest([./]|$)' },
  },
  {
    name: 'agent-never-imports-the-gateway',
    comment: 'they share proto/ and kernel/; an agent must run without the gateway’s code',
    from: { path: '^agent/' },
    to: { path: '^gateway/' },
  },
  {
    name: 'host-and-compute-never-import-the-gateway',
    comment: 'they start it and serve it over gRPC; what they share is in kernel/',
    from: { path: '^(compute|host)/' },
    to: { path: '^gateway/' },
  },
  {
    name: 'sdk-is-the-spi',
    comment: 'sdk/ publishes strategies/spi and what that needs, and has no dependency',
    from: { path: '^sdk/' },
    to: { pathNot: '^(sdk|strategies/spi|kernel)/', dependencyTypesNot: ['core'] },
  },
  {
    name: 'nobody-needs-the-kit',
    comment: 'the kit is for people who write plugins; what runs in production does not know it',
    from: { pathNot: '^(kit|scripts|test)/' },
    to: { path: '^kit/' },
  },
  {
    name: 'examples-stand-alone',
    comment: 'an example is what a stranger would write: it imports itself and packages, and nobody here imports it',
    from: { path: '^examples/' },
    to: { pathNot: `^examples/|${PUBLISHED}`, ...OUTSIDE },
  },
  {
    name: 'nobody-imports-examples',
    comment: 'they are installed from their tarball, as a stranger’s plugin is',
    from: { pathNot: '^examples/' },
    to: { path: '^examples/' },
  },
  {
    name: 'cli-knows-graphql-only',
    comment: 'cli/ imports itself, its generated documents and packages: what it needs, the API has to offer',
    from: { path: '^cli/' },
    to: { pathNot: '^cli/', ...OUTSIDE },
  },
  {
    name: 'prisma-stays-in-the-workshop',
    comment: 'Prisma makes and checks migrations; what runs speaks SQL (docs/adr/0006-read-path.md)',
    from: { pathNot: '^(prisma|scripts|test)/' },
    to: { path: 'node_modules/@?prisma/' },
  },
  {
    name: 'only-the-store-imports-pg',
    comment: 'the driver belongs to gateway/store; a datastore’s own folder may speak to its engine with it',
    from: { pathNot: '^(gateway/store|strategies/datastores/[^/]+|prisma|scripts|test)/' },
    to: { path: 'node_modules/pg(-pool|-protocol|-types)?/' },
  },
  {
    name: 'no-cycles',
    comment: 'modules that import each other cannot be understood, tested or loaded one at a time',
    from: {},
    to: { circular: true },
  },
  {
    name: 'nothing-unresolvable',
    comment: 'an import nobody can resolve is not checked by any other rule',
    from: {},
    to: { couldNotResolve: true, pathNot: `(^|/)generated/|${PUBLISHED}` },
  },
];

/** Only a file of this name brings implementations of several rooms together. */
export const COMPOSITION = /(^|\/)composition\.ts$/;

/** Importing from all of a pair outside of a composition means constructing what should have been handed in. */
export const APART: [RegExp, RegExp][] = [[/^gateway\/store\//, /^gateway\/graphql\//]];
