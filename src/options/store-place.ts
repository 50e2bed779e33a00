/** Where the embedded store is, and how large it may grow. */
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {FailureError} from '../failure.ts';

/** Bytes, unless `LLAMA_STORE_LIMIT` says otherwise. */
const DEFAULT_LIMIT = 10 * 2 ** 30;
const UNITS: Readonly<Record<string, number>> = {'': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40};

export function storePlace(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  if (flag !== undefined) return resolve(flag);
  const base = env.XDG_CACHE_HOME;
  // The base directory specification has relative values ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'llama');
}

/** In bytes. @throws FailureError where the variable is no size */
export function storeLimit(env: NodeJS.ProcessEnv): number {
  const text = env.LLAMA_STORE_LIMIT ?? '';
  if (text === '') return DEFAULT_LIMIT;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/i.exec(text) ?? [];
  const limit = Number(number) * UNITS[unit.toUpperCase()]!;
  if (limit > 0) return limit;
  throw new FailureError({
    reason: 'option-invalid',
    text: `LLAMA_STORE_LIMIT takes bytes, or a number with K, M, G or T such as 20G, not '${text}'`,
  });
}
