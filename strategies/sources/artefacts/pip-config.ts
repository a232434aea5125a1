/** `index-url` of a pip configuration file; what is said for `pip install` is stronger than what is said for all. */
export function parsePipIndex(text: string): string | undefined {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) { section = header.trim(); continue; }
    const value = /^index[-_]url\s*[=:]\s*(\S+)/i.exec(line)?.[1];
    if (value !== undefined) found.set(section, value);
  }
  return found.get('install') ?? found.get('global');
}

/** Where pip looks, the strongest first. */
export function pipConfigFiles(env: Readonly<Record<string, string | undefined>>, home: string): string[] {
  const user = env['XDG_CONFIG_HOME'] || `${home}/.config`;
  return [env['PIP_CONFIG_FILE'] ?? '', `${user}/pip/pip.conf`, `${home}/.pip/pip.conf`, '/etc/xdg/pip/pip.conf', '/etc/pip.conf'].filter((path) => path !== '');
}
