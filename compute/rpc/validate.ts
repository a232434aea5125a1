/** The caller is not root and this may be: what comes in is checked again, whatever the gateway has checked. */
import { invalidInput, type InputIssue } from '../../kernel/errors.ts';
import type { FlavorSize } from '../../strategies/spi/control.ts';
import type { GuestChange, GuestSpec } from '../../strategies/spi/compute.ts';

const name = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;
const address = /^[A-Za-z0-9.:_-]{1,253}$/;
const largestVolumeGb = 1 << 16;
const largestMemoryMb = 1 << 24;
const largestVcpus = 4096;
const portsLimit = 16;

export function validateGuest(spec: GuestSpec, range: { first: number; last: number }): GuestSpec {
  const issues: InputIssue[] = [];
  const require = (holds: boolean, path: string, message: string): void => { if (!holds) issues.push({ path: [path], message }); };
  require(name.test(spec.datastore), 'datastore', 'is not a name');
  require(name.test(spec.track), 'track', 'is not a name');
  require(name.test(spec.buildId), 'buildId', 'is not a name');
  require(address.test(spec.bind), 'bind', 'is not an address');
  require(address.test(spec.advertise), 'advertise', 'is not an address');
  issues.push(...flavorIssues(spec.flavor));
  require(isVolumeSize(spec.volumeGb), 'volumeGb', 'is out of range');
  const ports = Object.entries(spec.ports);
  require(ports.length <= portsLimit, 'ports', 'are too many');
  for (const [key, port] of ports) require(name.test(key) && port >= range.first && port <= range.last, `ports.${key.slice(0, 64)}`, 'is outside COFFER_ENGINE_PORTS of this host');
  require(spec.enrolment.token !== '' && spec.enrolment.identityCa !== '', 'enrolment', 'is not complete');
  if (issues.length > 0) throw invalidInput(issues);
  return spec;
}

export function validateChange(change: GuestChange): GuestChange {
  const issues: InputIssue[] = [];
  const { flavor, volumeGb, build } = change;
  if (flavor) issues.push(...flavorIssues(flavor));
  if (volumeGb !== undefined && !isVolumeSize(volumeGb)) issues.push({ path: ['volumeGb'], message: 'is out of range' });
  if (build && !(name.test(build.track) && name.test(build.buildId))) issues.push({ path: ['build'], message: 'is not a name' });
  if (issues.length > 0) throw invalidInput(issues);
  return change;
}

function flavorIssues({ memoryMb, vcpus }: FlavorSize): InputIssue[] {
  const outside = (path: string): InputIssue => ({ path: [path], message: 'is out of range' });
  return [
    ...(memoryMb > 0 && memoryMb <= largestMemoryMb ? [] : [outside('memoryMb')]),
    ...(vcpus > 0 && vcpus <= largestVcpus ? [] : [outside('vcpus')]),
  ];
}

export function validateVolumeSize(sizeGb: number): number {
  if (!isVolumeSize(sizeGb)) throw invalidInput([{ path: ['sizeGb'], message: 'is out of range' }]);
  return sizeGb;
}
const isVolumeSize = (sizeGb: number): boolean => Number.isInteger(sizeGb) && sizeGb >= 1 && sizeGb <= largestVolumeGb;
