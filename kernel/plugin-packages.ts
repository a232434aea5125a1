import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Where named plugins are: packages are looked for in `$COFFER_HOME/node_modules`, which host, gateway, agents and client
 * processes can all read, whatever they run from. A name that is not found stays as it is: loading it tells why.
 */
export function locatePackages(names: readonly string[], home: string): string[] {
  const { resolve } = createRequire(join(home, 'package.json'));
  return names.map((name) => {
    if (isAbsolute(name)) return name;
    try {
      return resolve(name);
    } catch {
      return name;
    }
  });
}
