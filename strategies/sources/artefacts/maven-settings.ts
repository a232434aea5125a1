/** The little of Maven's settings.xml that says where the central repository is asked for instead. */
export interface MavenMirror { url: string; mirrorOf: string; login?: { username: string; password: string } }

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decode = (text: string): string => text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');

const blocks = (xml: string, tag: string): string[] => [...xml.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map((match) => match[1] ?? '');

/** Mirrors in the file's order; `${env.NAME}` is replaced as Maven does. Blocked ones are Maven's own guard against http. */
export function parseMavenSettings(xml: string, env: Readonly<Record<string, string | undefined>>): MavenMirror[] {
  const plain = xml.replaceAll(/<!--[\s\S]*?-->/g, '');
  const field = (block: string, tag: string): string =>
    decode(blocks(block, tag)[0]?.trim() ?? '').replaceAll(/\$\{env\.([^}]+)\}/g, (whole, name: string) => env[name] ?? whole);
  const logins = new Map(blocks(plain, 'server').map((server) => [field(server, 'id'), { username: field(server, 'username'), password: field(server, 'password') }]));
  return blocks(plain, 'mirror').filter((mirror) => field(mirror, 'blocked') !== 'true').map((mirror) => {
    const login = logins.get(field(mirror, 'id'));
    // A password in braces is encrypted with a key of Maven's own.
    const isUsable = login !== undefined && login.username !== '' && !/^\{.*\}$/.test(login.password);
    return { url: field(mirror, 'url'), mirrorOf: field(mirror, 'mirrorOf'), ...(isUsable ? { login } : {}) };
  });
}

/** The mirror Maven would ask for central: one that names it alone, else the first whose pattern takes it in. */
export function mirrorOfCentral<T extends MavenMirror>(mirrors: readonly T[]): T | undefined {
  const takesIn = ({ mirrorOf }: T): boolean => {
    const parts = mirrorOf.split(',').map((part) => part.trim());
    return !parts.includes('!central') && parts.some((part) => ['*', 'central', 'external:*'].includes(part));
  };
  return mirrors.find((mirror) => mirror.mirrorOf.trim() === 'central') ?? mirrors.find(takesIn);
}
