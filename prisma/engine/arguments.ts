/** What Prisma's CLI says on the command line of its schema engine. */
export interface EngineArguments {
  wantsVersion: boolean;
  /** `can-connect-to-database`, `create-database` or `drop-database`; absent means JSON-RPC over stdio. */
  databaseCommand?: string;
  url?: string;
  schemaPaths: string[];
}

export function parseArguments(argv: string[], env: Record<string, string | undefined>): EngineArguments {
  const valuesOf = (option: string) => argv.flatMap((argument, i) => (argument === option ? [argv[i + 1] ?? ''] : []));
  const datasource = JSON.parse(valuesOf('--datasource')[0] || '{}') as { url?: string };
  const databaseCommand = argv.includes('cli') ? argv.find((argument) => argument.endsWith('-database')) : undefined;
  return {
    wantsVersion: argv.includes('--version'),
    ...(databaseCommand ? { databaseCommand } : {}),
    ...((datasource.url ?? env['DATABASE_URL']) ? { url: datasource.url ?? env['DATABASE_URL'] } : {}),
    schemaPaths: valuesOf('--datamodels'),
  };
}
