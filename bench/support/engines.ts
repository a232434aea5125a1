/** The engines that are measured, and what one of each is made of. */
export interface BenchEngine { title: string; datastore: string; version: string; script: string; program: string; input: Record<string, unknown> }

export const engines: readonly BenchEngine[] = [
  {
    title: 'PostgreSQL 17', datastore: 'postgresql', version: '17', script: 'postgresql.sh', program: 'initdb',
    input: { flavor: 'small', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  },
  {
    title: 'MySQL 9.7', datastore: 'mysql', version: '9.7', script: 'mysql.sh', program: 'mysql',
    input: { flavor: 'small', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  },
  {
    title: 'MariaDB 11.8', datastore: 'mariadb', version: '11.8', script: 'mariadb.sh', program: 'mariadb',
    input: { flavor: 'small', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  },
  {
    title: 'MongoDB 6.0', datastore: 'mongodb', version: '6.0', script: 'mongodb.sh', program: 'mongod',
    input: { flavor: 'small', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  },
  { title: 'Redis 8', datastore: 'redis', version: '8', script: 'redis.sh', program: 'redis-server', input: { flavor: 'small', users: [{ name: 'app' }] } },
  {
    title: 'Cassandra 5.0', datastore: 'cassandra', version: '5.0', script: 'cassandra.sh', program: 'java',
    input: { flavor: 'small', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] },
  },
];
