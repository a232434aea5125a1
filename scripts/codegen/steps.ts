import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runBuf } from '../buf.ts';
import { ROOT, runCommand } from '../run.ts';

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
  {
    name: 'plugin SDK',
    inputs: ['sdk/index.ts', 'sdk/tsconfig.json', 'tsconfig.json', 'strategies/spi', 'kernel/input-issue.ts', 'kernel/log.ts', 'kernel/fence.ts'],
    packages: ['typescript'],
    output: 'sdk/dist',
    isWanted: () => exists('sdk/tsconfig.json'),
    async run() {
      rmSync(join(ROOT, 'sdk/dist'), { recursive: true, force: true });
      const { code, output } = await runCommand('tsc', ['-p', 'sdk']);
      if (code !== 0) throw new Error(output);
    },
  },
  {
    name: 'plugin kit',
    inputs: ['kit', 'strategies', 'agent', 'kernel', 'gateway/pki', 'scripts/codegen/kit.ts', 'scripts/build.ts'],
    packages: ['esbuild', 'vitest'],
    output: 'kit/dist',
    isWanted: () => exists('kit/main.ts'),
    async run() {
      const { buildKit } = await import('./kit.ts');
      await buildKit();
    },
  },
];
