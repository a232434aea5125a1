/** A project's page in a package index: JSON (PEP 691) where the server has it, HTML (PEP 503) everywhere else. */
export const indexAccept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** PEP 503: names differ in case and separators only by chance. */
export const normalisedProject = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decode = (text: string): string => text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(amp|lt|gt|quot|apos));/gi, (whole, decimal?: string, hex?: string, name?: string) =>
  (name ? entities[name.toLowerCase()] : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16))) ?? whole);

interface IndexFile { filename: string; url: string }

function filesInJson(text: string): IndexFile[] {
  const page = JSON.parse(text) as { files?: Partial<IndexFile>[] } | null;
  const files = Array.isArray(page?.files) ? page.files : [];
  return files.flatMap(({ filename, url }) => (typeof filename === 'string' && typeof url === 'string' ? [{ filename, url }] : []));
}

function filesInHtml(text: string): IndexFile[] {
  return [...text.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>([\s\S]*?)<\/a>/gi)]
    .map(([, double, single, label = '']) => ({ filename: decode(label).trim(), url: decode(double ?? single ?? '') }));
}

/** The absolute address of a file on the page, or undefined when the page does not list it or is none. */
export function findInIndex(page: { text: string; contentType: string; url: string }, file: string): string | undefined {
  const isJson = /json/i.test(page.contentType);
  let files: IndexFile[];
  try { files = isJson ? filesInJson(page.text) : filesInHtml(page.text); } catch { return undefined; }
  const base = isJson ? undefined : /<base\s[^>]*href\s*=\s*["']([^"']+)["']/i.exec(page.text)?.[1];
  const found = files.find((one) => one.filename === file);
  const url = found && URL.parse(found.url, URL.parse(base ?? '', page.url)?.href ?? page.url);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  url.hash = '';
  return url.href;
}
