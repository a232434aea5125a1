/**
 * kill -9 at every step boundary and inside every step of every kind of operation, of the gateway that runs it and of
 * the agent that acts for it: it converges, and what it does is seen once. On the engine that boots in milliseconds,
 * with the points learnt from an undisturbed run, so that a new step is covered by itself. What hangs on the clock is
 * drawn by a seed (matrix/seed.ts). What changes a running database is in crash-matrix-changes.
 */
import { expect, it } from 'vitest';
import { createWorkflows } from '../../gateway/operations/workflows/workflows.ts';
import { defineMatrix } from './matrix/define-matrix.ts';
import { redis } from './matrix/engines.ts';
import { changeKinds, createScenario, deleteScenario, failingCreate, scenariosOf } from './matrix/scenarios.ts';

// Upgrades take their time: test/full/upgrade.
const elsewhere = ['instance.upgrade', 'instance.check-upgrade', 'version.rollout'];
const kinds = createWorkflows({} as never).map(({ kind }) => kind).filter((kind) => !changeKinds.includes(kind) && !elsewhere.includes(kind));
const others = scenariosOf(redis).filter(({ kind }) => !changeKinds.includes(kind));

// Redis has no databases to create; PostgreSQL has.
defineMatrix([createScenario, failingCreate, ...others, deleteScenario], { kinds, but: ['instance.create:databases'] });

it('no kind of operation is forgotten', () => expect([...kinds, ...changeKinds, ...elsewhere].sort()).toEqual(createWorkflows({} as never).map(({ kind }) => kind).sort()));
