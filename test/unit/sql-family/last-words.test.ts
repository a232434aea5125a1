import { expect, it } from 'vitest';
import { lastWordsOf } from '../../../strategies/datastores/sql-family/guest/last-words.ts';

const former = [
  '2026-11-29  8:47:39 0 [Note] /opt/mariadbd: ready for connections.', "Version: '11.8.9-MariaDB'  socket: '/run/server.sock'  port: 27899", '2026-11-29  8:47:41 0 [ERROR] of an earlier run',
  '2026-11-29  8:47:41 0 [Note] /opt/mariadbd: Shutdown complete',
];

it('what the program printed, once, and nothing of the run before', () => {
  expect(lastWordsOf([...former, 'this build is broken', 'this build is broken'])).toBe('this build is broken');
});
it('errors of this start, without their times, though the server then ended in order', () => {
  const now = [
    '2026-11-29T08:49:27.7Z 0 [System] [MY-010116] [Server] /opt/mysqld (mysqld 9.7.4) starting as process 18198', '2026-11-29T08:49:28.1Z 1 [ERROR] [MY-012592] [InnoDB] Operating system error number 13 in a file operation.',
    '2026-11-29T08:49:28.2Z 0 [ERROR] [MY-010119] [Server] Aborting', '2026-11-29T08:49:28.3Z 0 [System] [MY-010910] [Server] /opt/mysqld: Shutdown complete (mysqld 9.7.4).', '2026-11-29T08:49:28.3Z 0 [System] [MY-015016] [Server] MySQL Server - end.',
  ];
  expect(lastWordsOf([...former, ...now])).toBe('Operating system error number 13 in a file operation.');
});
it('whatever came last where nothing was wrong', () => {
  const lines = ['2026-11-29  8:47:38 0 [Note] one', '2026-11-29  8:47:39 0 [Note] two'];
  expect(lastWordsOf(lines)).toBe(lines.join(' | '));
});
