/** For processes that are started with an environment of their own: the runner's cache of compiled code, where it has one. */
const folder = process.env['NODE_COMPILE_CACHE'];

export const compileCache: Record<string, string> = folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
