import { describe, expect, it } from 'vitest';
import { parseAddress, parseInet, parseUnix } from '../../../strategies/conformance/sockets.ts';

describe('sockets as the kernel tells them', () => {
  it('addresses are read in both families', () => {
    expect(parseAddress('0100007F:1F90')).toEqual({ address: '127.0.0.1', port: 8080 });
    expect(parseAddress('00000000000000000000000001000000:0050')).toEqual({ address: '0000:0000:0000:0000:0000:0000:0000:0001', port: 80 });
  });
  it('rows are read with state and inode', () => {
    const table = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:53A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     1        0 4242 1 0 100 0 0 10 0\n';
    expect(parseInet(table)).toEqual([{ local: { address: '127.0.0.1', port: 21_408 }, state: '0A', inode: '4242' }]);
  });
  it('unix sockets are told apart by whether they accept, with paths that hold blanks', () => {
    const table = 'Num       RefCount Protocol Flags    Type St Inode Path\n000000: 00000002 00000000 00010000 0001 01 77 /run/a b/.s\n000000: 00000003 00000000 00000000 0001 03 78 /run/other\n000000: 00000003 00000000 00000000 0001 03 79\n';
    expect(parseUnix(table)).toEqual([{ inode: '77', isAccepting: true, path: '/run/a b/.s' }, { inode: '78', isAccepting: false, path: '/run/other' }, { inode: '79', isAccepting: false, path: '' }]);
  });
});
