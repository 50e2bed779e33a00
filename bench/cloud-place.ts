/** A cloud for one measurement: MiniStack on a port of its own, bootstrapped as a user does it, with a store of its own. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {hasMinistack, type Server, startMinistack} from '../src/test/cloud-servers.ts';
import {llama} from './llama.ts';
import {must} from './process.ts';

export interface CloudPlace {
  readonly folder: string;
  readonly server: Server;
  /** What makes `llama build` use it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For `--store`. */
  readonly store: string;
  stop(): Promise<void>;
}

export interface CloudOptions {
  /** Invocations after which an environment is as new; undefined lets it live. */
  readonly exitAfter?: number | undefined;
  /** Puts something between llama and the servers. */
  readonly front?: (target: string) => Promise<Front>;
}

/** Where clients and workers go instead. */
export interface Front {
  readonly endpoints: Readonly<Record<'client' | 'worker', string>>;
  close(): void;
}

export async function openCloud({exitAfter, front}: CloudOptions = {}): Promise<CloudPlace> {
  if (!hasMinistack) throw new Error('MiniStack is not there: node scripts/cloud-tools.mjs installs it');
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-cloud-'));
  const server = await startMinistack(folder, {
    env: {
      LLAMA_SCRATCH: join(folder, 'scratch-%p'),
      ...(exitAfter !== undefined && {LLAMA_EXIT_AFTER: String(exitAfter)}),
    },
  });
  const before = await front?.(server.endpoint);
  const stop = async () => {
    before?.close();
    await server.stop();
    await rm(folder, {recursive: true, force: true});
  };
  const env = {
    AWS_ENDPOINT_URL: before?.endpoints.client ?? server.endpoint,
    LLAMA_STORE_ENDPOINT: before?.endpoints.worker ?? server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    // Read by node at every start, whether TLS is used or not.
    NODE_EXTRA_CA_CERTS: undefined,
  };
  try {
    await must([process.execPath, llama(), 'bootstrap', '--yes'], {env});
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder,
    server,
    env,
    store: join(folder, 'store'),
    stop,
  };
}
