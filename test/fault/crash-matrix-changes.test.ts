/** The crash matrix (see crash-matrix) of what changes a running database: its group, its flavor, its volume. */
import { defineMatrix } from './matrix/define-matrix.ts';
import { redis } from './matrix/engines.ts';
import { changeKinds, scenariosOf } from './matrix/scenarios/scenarios.ts';

defineMatrix(scenariosOf(redis).filter(({ kind }) => changeKinds.includes(kind)), { kinds: changeKinds });
