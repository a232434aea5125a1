/** Prints the options without which the server does not start on this Java. */
import { access } from '../../strategies/datastores/cassandra/guest/java-options.ts';

process.stdout.write(access.join(' '));
