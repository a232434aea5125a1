import { describe, expect, it } from 'vitest';
import { isDeviceOf, mountBelow, parseMounts } from '../../../strategies/volume/loop/devices.ts';
import { decideLoopProblem } from '../../../strategies/volume/loop/problem.ts';

describe('mounts, as the kernel tells them', () => {
  it('are read with blanks in their paths and without those that are no mounts', () => {
    const text = '22 27 0:21 / /proc rw,relatime - proc proc rw\n42 27 7:0 / /home/a\\040b/instances/inst_1/volume rw,nosuid shared:3 - xfs /dev/loop0 rw,noquota\nnonsense\n';
    expect(parseMounts(text)).toEqual([{ path: '/proc', fileSystem: 'proc', source: 'proc' }, { path: '/home/a b/instances/inst_1/volume', fileSystem: 'xfs', source: '/dev/loop0' }]);
  });
  it('are an instance\'s below its own folder alone', () => {
    const mount = { path: '/i/inst_1/volume', fileSystem: 'xfs', source: '/dev/loop0' };
    expect([mountBelow(mount, '/i/inst_1'), mountBelow(mount, '/i/inst_'), mountBelow(mount, '/i/inst_1/volume')]).toEqual([true, false, false]);
  });
});

describe('a loop device', () => {
  it('is an image\'s, also when that was removed under it', () => {
    for (const backingFile of ['/i/volume.img', '/i/volume.img (deleted)', '/i/volume.img.new']) expect(isDeviceOf({ path: '/dev/loop0', backingFile }, '/i/volume.img')).toBe(true);
    expect(isDeviceOf({ path: '/dev/loop0', backingFile: '/j/volume.img' }, '/i/volume.img')).toBe(false);
  });
});

describe('volumes of type loop', () => {
  const all = { isRoot: true, mayMount: true, hasLoopDevices: true, hasXfs: true };
  it('are offered where all that they need is there, else the first thing that is missing is told', () => {
    expect(decideLoopProblem(all)).toBeNull();
    expect(decideLoopProblem({ ...all, isRoot: false })).toContain('started by root');
    expect(decideLoopProblem({ ...all, mayMount: false })).toContain('CAP_SYS_ADMIN');
    expect(decideLoopProblem({ ...all, hasLoopDevices: false })).toContain('/dev/loop-control');
    expect(decideLoopProblem({ ...all, hasXfs: false })).toContain('XFS');
  });
});
