/** kill -9 of gateway or agent at every point of what changes a running database. See test/fault/crash-matrix.test.ts. */
import { defineMatrix } from '../fault/matrix/define-matrix.ts';
import { redis } from '../fault/matrix/engines.ts';
import { changeKinds, scenariosOf } from '../fault/matrix/scenarios.ts';

defineMatrix(scenariosOf(redis).filter(({ kind }) => changeKinds.includes(kind)), { kinds: changeKinds });
