/** Before tests that need real engines: those of every built-in plugin are there. */
import { fetchAllEngines } from './engines.ts';

export default (): Promise<void> => fetchAllEngines();
