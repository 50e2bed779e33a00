/** Where the embedded store is, and how large it may grow. */
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';

/** Bytes, unless `LLAMA_STORE_LIMIT` says otherwise. */
const DEFAULT_LIMIT = 10 * 2 ** 30;

export function storePlace(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  if (flag !== undefined) return resolve(flag);
  const base = env.XDG_CACHE_HOME;
  // The base directory specification has relative values ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'llama');
}

export function storeLimit(env: NodeJS.ProcessEnv): number {
  const limit = Number(env.LLAMA_STORE_LIMIT);
  return limit > 0 ? limit : DEFAULT_LIMIT;
}
