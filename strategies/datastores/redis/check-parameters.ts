/** What is right value by value and cannot work together, or on this flavor; pure. */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHalf } from '../../spi/control.ts';
import { wordsProblem } from './values.ts';

type Judged = Parameters<NonNullable<ControlHalf['checkParameters']>>[0];

const mib = 1024 ** 2;
/** Of the process itself: with less beside its data the kernel ends it. */
const ownMemoryBytes = 40 * mib;
const fillMemory = ['maxmemory', 'maxmemory-clients', 'repl-backlog-size'];

export function checkParameters({ flavor, parameters }: Pick<Judged, 'flavor' | 'parameters'>): InputIssue[] {
  const room = flavor.memoryMb * mib - ownMemoryBytes;
  const issues: InputIssue[] = [];
  const tell = (name: string, message: string): void => { issues.push({ path: [name], message }); };
  for (const [name, value] of Object.entries(parameters)) {
    const problem = wordsProblem(name, value);
    if (problem !== null) tell(name, problem);
    if (value.includes('\0')) tell(name, 'must not contain the character 0');
    if (fillMemory.includes(name) && Number(value) > room) tell(name, `must be at most ${room}: of the flavor's ${flavor.memoryMb} MB the engine itself needs ${ownMemoryBytes / mib}`);
  }
  if (parameters['maxmemory'] === '0') tell('maxmemory', `must not be 0, which means without a limit: the flavor has ${flavor.memoryMb} MB; leave it out for a share that fits`);
  return issues;
}
