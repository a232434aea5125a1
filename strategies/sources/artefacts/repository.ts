/** Where artefacts of one kind are fetched. */
export interface Repository {
  /** without a login and without a slash at the end */
  url: string;
  /** value of the header; the login of the address */
  authorization?: string;
  /** what named it, for messages: a setting, a file */
  namedBy: string;
  /** the setting that names another */
  setting: string;
}

/** An address as settings and files name it, or undefined when it is none. A login in it never gets into a message. */
export function parseRepository(text: string, namedBy: string, setting: string, login?: { username: string; password: string }): Repository | undefined {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const own = url.username === '' ? login : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  [url.username, url.password, url.hash, url.search] = ['', '', '', ''];
  const authorization = own && `Basic ${Buffer.from(`${own.username}:${own.password}`).toString('base64')}`;
  return { url: url.href.replace(/\/+$/, ''), namedBy, setting, ...(authorization ? { authorization } : {}) };
}
