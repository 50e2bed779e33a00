/** Lets the user's ninja make its own manifest anew, as it would before a build of its own. */
import type {Report} from '../event.ts';
import type {Project} from '../frontends/project.ts';
import type {Location} from '../options/locate.ts';
import type {Processes} from '../process.ts';

export interface RegenerateOptions {
  readonly processes: Processes;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly localJobs: number;
  readonly location: Pick<Location, 'description'>;
}

/** Whether it could be made; otherwise ninja's own words have been reported. Prereq: an edge makes the manifest. */
export async function regenerate(project: Project, options: RegenerateOptions): Promise<boolean> {
  const {processes, signal, report, localJobs, location} = options;
  report({type: 'note', level: 'info', text: 'the build description is out of date; ninja makes it anew'});
  const result = await processes.run(
    project.ninja!.path,
    ['-f', location.description, `-j${localJobs}`, project.graph.path(project.manifest!)],
    {cwd: project.directory, stdio: 'capture', abortWith: 'SIGINT', signal},
  );
  if (result.exitCode === 0) return true;
  if (!signal.aborted) report({type: 'output', bytes: result.output});
  return false;
}
