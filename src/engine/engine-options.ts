/** What an engine is given for its whole life. */

import type {Report} from '../event.ts';
import type {Location} from '../options/locate.ts';
import type {BuildOptions} from '../options/options.ts';
import type {Processes} from '../process.ts';
import type {Cloud} from '../remote/cloud.ts';
import type {CloudPolicy} from './cloud-policy.ts';
import type {Load, Look} from './look.ts';

export interface EngineOptions {
  readonly options: BuildOptions;
  readonly location: Location;
  readonly processes: Processes;
  readonly cloud: Cloud;
  readonly policy: CloudPolicy;
  /** Folder for what is known of compilers between builds. */
  readonly cacheDir: string;
  /** Compiles in flight. */
  readonly width: number;
  readonly localJobs: number;
  readonly report: Report;
  readonly load: Load;
  /** Told of each look before anything is done about it. */
  readonly onLook: (look: Look) => Promise<void>;
  readonly signal: AbortSignal;
  /** Rules, or programs that their commands run, which may run on workers too. */
  readonly remoteRules: ReadonlySet<string>;
  readonly environment: NodeJS.ProcessEnv;
  readonly umask: number;
}
