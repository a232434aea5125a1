import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runBuf } from '../buf.ts';
import { ROOT } from '../run.ts';

export interface GenerationStep {
  name: string;
  /** Files and folders; a change of their content makes the output again. */
  inputs: string[];
  /** Packages whose version shapes the output. */
  packages: string[];
  /** Ignored by git; holds the stamp. */
  output: string;
  /** Whether there is anything to generate from. */
  isWanted(): boolean;
  run(): Promise<void>;
}

const exists = (path: string) => existsSync(join(ROOT, path));

export const STEPS: GenerationStep[] = [
  {
    name: 'gRPC contracts',
    inputs: ['proto/coffer', 'proto/buf.yaml', 'proto/buf.gen.yaml'],
    packages: ['ts-proto', '@bufbuild/buf'],
    output: 'proto/generated',
    isWanted: () => exists('proto/coffer'),
    run: async () => void (await runBuf(['generate'])),
  },
  {
    name: 'CLI documents',
    inputs: ['gateway/graphql/schema.graphql', 'cli/documents', 'scripts/codegen/documents.ts'],
    packages: ['@graphql-codegen/core', '@graphql-codegen/typescript-operations'],
    output: 'cli/generated',
    isWanted: () => exists('gateway/graphql/schema.graphql') && exists('cli/documents'),
    async run() {
      const { generateDocuments } = await import('./documents.ts'); // slow to load and seldom needed
      await generateDocuments({
        schemaPath: join(ROOT, 'gateway/graphql/schema.graphql'),
        documentsFolder: join(ROOT, 'cli/documents'),
        outputPath: join(ROOT, 'cli/generated/documents.ts'),
      });
    },
  },
];
