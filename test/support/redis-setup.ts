/** Before tests that need an engine, whichever: the one that is fetched and boots in no time. Those of all plugins: engines-setup. */
import redis from '../../strategies/datastores/redis/index.ts';
import { fetchEngines } from './engines.ts';

export default (): Promise<void> => fetchEngines([redis]);
