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

/** `exitAfter`: invocations after which an environment is as new; undefined lets it live. */
export async function openCloud(exitAfter?: number): Promise<CloudPlace> {
  if (!hasMinistack) throw new Error('MiniStack is not there: node scripts/cloud-tools.mjs installs it');
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-cloud-'));
  const server = await startMinistack(folder, {
    env: {
      LLAMA_SCRATCH: join(folder, 'scratch-%p'),
      ...(exitAfter !== undefined && {LLAMA_EXIT_AFTER: String(exitAfter)}),
    },
  });
  const env = {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    // Read by node at every start, whether TLS is used or not.
    NODE_EXTRA_CA_CERTS: undefined,
  };
  await must([process.execPath, llama(), 'bootstrap', '--yes'], {env});
  return {
    folder,
    server,
    env,
    store: join(folder, 'store'),
    async stop() {
      await server.stop();
      await rm(folder, {recursive: true, force: true});
    },
  };
}
