/** Opens the cloud that the settings name. */
import {realpathSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import {FailureError} from '../failure.ts';
import type {BuildOptions} from '../options/options.ts';
import {readSettings} from '../options/settings.ts';
import type {Processes} from '../process.ts';
import type {Cloud} from '../remote/cloud.ts';
import {openEmbeddedCloud} from '../remote/embedded/embedded-cloud.ts';

export interface CloudPlace {
  readonly storeDir: string;
  readonly storeLimit: number;
  readonly processes: Processes;
  /** The build directory. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly warn: (text: string) => void;
}

export interface ChosenCloud {
  readonly cloud: Cloud;
  /** Compiles in flight at most. */
  readonly width: number;
}

/** MB of a function whose settings nobody has written down. */
export const DEFAULT_MEMORY = 1769;
/** Where no setting tells what the account allows; the window finds less by itself. */
const DEFAULT_CONCURRENCY = 1000;

/** @throws FailureError where it cannot be used */
export async function chooseCloud(options: BuildOptions, place: CloudPlace): Promise<ChosenCloud> {
  const {storeDir, storeLimit, processes, directory, env, warn} = place;
  const settings = readSettings(options.settings, process.cwd(), env);
  if ((settings.cloud?.value ?? 'embedded') === 'embedded') {
    const width = options.jobs ?? options.presetJobs ?? availableParallelism();
    const workerProgram = fileURLToPath(new URL('./worker.js', import.meta.url));
    return {
      cloud: openEmbeddedCloud({storeDir, width, workerProgram, processes, limit: storeLimit}),
      width,
    };
  }
  const {bucket, function: functionName, region, profile, memory, concurrency} = settings;
  if (!bucket || !functionName) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `the cloud is aws (${settings.cloud?.from}), but ${bucket ? 'function' : 'bucket'} is not set`,
      hint: 'llama bootstrap makes both and writes them down; --cloud embedded needs neither',
    });
  }
  const width = options.jobs ?? concurrency?.value ?? DEFAULT_CONCURRENCY;
  const {openAwsCloud} = await import('../remote/aws/aws-cloud.ts');
  const cloud = await openAwsCloud({
    region: region?.value,
    profile: profile?.value,
    bucket: bucket.value,
    functionName: functionName.value,
    memoryMb: memory?.value ?? DEFAULT_MEMORY,
    width,
    buildDirectory: realpathSync(directory),
    cacheDir: storeDir,
    writesResults: options.cacheWrite,
    env,
    warn,
  });
  return {cloud, width};
}
