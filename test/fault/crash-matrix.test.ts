/**
 * kill -9 at every step boundary and inside every step of every kind of operation, of the gateway that runs it and of
 * the agent that acts for it: it converges, and what it does is seen once. On the engine that boots in milliseconds,
 * with the points learnt from an undisturbed run, so that a new step is covered by itself. Of each step one point is
 * drawn by a seed (matrix/seed.ts), and what hangs on the clock is; test/full takes them all. What changes a running
 * database is in crash-matrix-changes.
 */
import { expect, it } from 'vitest';
import { createWorkflows } from '../../gateway/operations/workflows/workflows.ts';
import { defineMatrix } from './matrix/define-matrix.ts';
import { redis } from './matrix/engines.ts';
import { createScenario, deleteScenario, failingCreate } from './matrix/scenarios/life-cycle.ts';
import { changeKinds, scenariosOf, upgradeKinds } from './matrix/scenarios/scenarios.ts';

const kinds = createWorkflows({} as never).map(({ kind }) => kind).filter((kind) => !changeKinds.includes(kind) && !upgradeKinds.includes(kind));
const others = scenariosOf(redis).filter(({ kind }) => !changeKinds.includes(kind));

// Redis has no databases to create; PostgreSQL has.
defineMatrix([createScenario, failingCreate, ...others, deleteScenario], { kinds, but: ['instance.create:databases'] });

it('no kind of operation is forgotten', () => expect([...kinds, ...changeKinds, ...upgradeKinds].sort()).toEqual(createWorkflows({} as never).map(({ kind }) => kind).sort()));
