/** The plugin with a catalogue that is not right about two parameters: as with a build that is newer than it. */
import { catalogueOf } from '../../../strategies/datastores/mariadb/catalogue/index.ts';
import plugin from '../../../strategies/datastores/mariadb/index.ts';

const mistakes: Readonly<Record<string, object>> = { ft_min_word_len: { apply: 'LIVE' }, log_output: { default: 'PAPER' } };
for (const spec of await catalogueOf('11.8')) Object.assign(spec, mistakes[spec.name]);
export default plugin;
