import { redisCli } from '../../support/actions.ts';
import { enginesFolder } from '../../support/installation.ts';
import { defineUpgrade } from './define.ts';

defineUpgrade({
  datastore: 'redis', from: '7', to: '8', group: { name: 'hz', value: '20' }, poison: { name: 'notify-keyspace-events', value: 'Q?' }, refusal: 'ENGINE.REFUSED',
  write: (instance, login) => redisCli(enginesFolder, instance, login, 'set', 'kept', 'here'),
  read: (instance, login) => redisCli(enginesFolder, instance, login, 'get', 'kept'),
});
