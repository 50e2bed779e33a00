/**
 * The last run of the user's ninja on the user's manifest: it does what was left to it (edges at the rim of the graph
 * that are no links) and confirms that nothing else is to be done.
 */
import type {Report} from './event.ts';
import type {Project} from './frontends/project.ts';
import type {Processes} from './process.ts';

export interface HandoverOptions {
  readonly project: Project;
  readonly processes: Processes;
  readonly signal: AbortSignal;
  readonly targets: readonly string[];
  readonly localJobs: number;
  readonly keepGoing: number;
  readonly verbose: boolean;
  /** Edges known to be left for it. */
  readonly left: number;
  readonly report: Report;
}

/** `idle`: there was nothing to do, and the logs are as they were. */
export async function handOver(options: HandoverOptions): Promise<'idle' | 'worked' | 'failed'> {
  const {project, processes, signal, targets, localJobs, keepGoing, verbose, left, report} = options;
  const args = [`-j${localJobs}`, `-k${keepGoing}`, ...(verbose ? ['-v'] : []), ...targets];
  const result = await processes.run(project.ninja!.path, args, {
    cwd: project.directory,
    // What is left may want the terminal.
    stdio: left > 0 && process.stdout.isTTY ? 'inherit' : 'capture',
    abortWith: 'SIGINT',
    signal,
  });
  const output = result.output.toString();
  const isIdle = output.includes('ninja: no work to do.');
  if (result.exitCode !== 0) {
    if (!signal.aborted) report({type: 'output', bytes: result.output});
    return 'failed';
  }
  if (isIdle) return 'idle';
  report({type: 'output', bytes: result.output});
  return 'worked';
}
