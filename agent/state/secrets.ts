import { join } from 'node:path';
import { readJson, writeFileAtomic } from './atomic-file.ts';

export interface SecretKeeper {
  /** empty until `initialise` brought one */
  managementSecret(): string;
  /** Resolves when it is durable. */
  keep(managementSecret: string): Promise<void>;
}

/** `agent/secrets.json`, 0600 in a folder that the engine cannot enter. */
export async function openSecrets(folder: string): Promise<SecretKeeper> {
  const path = join(folder, 'secrets.json');
  const found = (await readJson(path)) as { managementSecret?: unknown } | undefined;
  let secret = typeof found?.managementSecret === 'string' ? found.managementSecret : '';
  return {
    managementSecret: () => secret,
    async keep(managementSecret) {
      if (managementSecret === secret) return;
      await writeFileAtomic(path, `${JSON.stringify({ managementSecret })}\n`);
      secret = managementSecret;
    },
  };
}
