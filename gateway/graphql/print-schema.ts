/** `node gateway/graphql/print-schema.ts` writes the snapshot that a test compares with the schema; `--stdout` only prints it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printedSchema } from './schema.ts';

if (process.argv.includes('--stdout')) process.stdout.write(printedSchema());
else writeFileSync(fileURLToPath(new URL('schema.graphql', import.meta.url)), printedSchema());
