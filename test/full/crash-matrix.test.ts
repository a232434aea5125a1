/** kill -9 of gateway or agent at every point that test/fault/crash-matrix draws from. */
import { createWorkflows } from '../../gateway/operations/workflows/workflows.ts';
import { defineMatrix } from '../fault/matrix/define-matrix.ts';
import { redis } from '../fault/matrix/engines.ts';
import { createScenario, deleteScenario, failingCreate } from '../fault/matrix/scenarios/life-cycle.ts';
import { scenariosOf, upgradeKinds } from '../fault/matrix/scenarios/scenarios.ts';

const kinds = createWorkflows({} as never).map(({ kind }) => kind).filter((kind) => !upgradeKinds.includes(kind));
defineMatrix([createScenario, failingCreate, ...scenariosOf(redis), deleteScenario], { kinds, but: ['instance.create:databases'], isWhole: true });
