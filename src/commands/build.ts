/**
 * `llama build`, up to the point where it is known whether there is anything to do. Loads nothing that only work needs:
 * to have nothing to do must cost as little as it costs ninja.
 */
import {statSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {type BuildContext, hasWork, type Load, lookAt} from '../engine/look.ts';
import {FailureError} from '../failure.ts';
import {loadNinjaProject} from '../frontends/ninja/ninja-project.ts';
import {nearest} from '../options/edit-distance.ts';
import {locate} from '../options/locate.ts';
import type {BuildOptions} from '../options/options.ts';

let hadWork = false;

/** Whether the build of this process found anything to do, and loaded all that does it. */
export function hasWorked(): boolean {
  return hadWork;
}

export function markWorked(): void {
  hadWork = true;
}

/** Answers the exit status. @throws FailureError for everything that keeps a build from starting */
export function build(options: BuildOptions, began: number): Promise<number> {
  return atLocation(options, began, async context => {
    const status = await buildAt(context);
    // Nothing follows a build by ninja that was not asked for.
    if (status !== 0 || (options.next === undefined && context.location.kind === 'ninja')) return status;
    const {goOn} = await import('./then.ts');
    return goOn(context, {hasCompiled: hadWork});
  });
}

/** Finds the directory that is meant, and works there. @throws FailureError, with where an unknown target was looked for */
export async function atLocation(
  asked: BuildOptions,
  began: number,
  work: (context: BuildContext) => Promise<number>,
): Promise<number> {
  const options =
    asked.preset === undefined
      ? asked
      : (await import('../options/preset.ts')).byPreset(asked, process.cwd());
  const {commands, file, config} = options;
  const location = locate(options.words, {cwd: process.cwd(), commands, file, config});
  const context: BuildContext = {options, location, began};
  try {
    return await work(context);
  } catch (error) {
    throw withPlace(error, context);
  }
}

async function buildAt(context: BuildContext): Promise<number> {
  const {options, location, began} = context;
  const load = await loader(context);
  const project = load();
  const look = lookAt(project, location.targets);
  const isIdle = !hasWork(look);
  const isAsked = (options.summary !== undefined && !options.dryRun) || options.debug.has('local');
  if (!isIdle || isAsked || hasJournal(project.files.journal)) {
    markWorked();
    const {runBuild} = await import('./run-build.ts');
    return runBuild(context, {look, isIdle, load});
  }
  if (!project.isSnapshot) project.saveSnapshot();
  for (const warning of project.warnings) process.stderr.write(`llama: warning: ${warning}\n`);
  if (options.progress !== 'none') {
    process.stderr.write(`nothing to do (${((performance.now() - began) / 1000).toFixed(2)} s)\n`);
  }
  return 0;
}

/** An unknown target with where it was looked for, and whether it may have been meant as a directory. */
function withPlace(error: unknown, {options, location}: BuildContext): unknown {
  if (!(error instanceof FailureError) || error.failure.reason !== 'target-unknown') return error;
  const {failure} = error;
  const {shown, kind, description, targets} = location;
  const isFirstWord = failure.target === targets[0] && targets.length === options.words.length;
  return new FailureError({
    ...failure,
    nearest: [...(isFirstWord ? nearest(failure.target, [shown]) : []), ...failure.nearest],
    lookedIn: kind === 'commands' || isAbsolute(description) ? description : join(shown, description),
    isFirstWord,
  });
}

export async function loader({location, options}: BuildContext): Promise<Load> {
  const {directory, kind, description, imported} = location;
  if (kind === 'ninja') {
    return () =>
      loadNinjaProject({
        directory,
        manifest: description,
        environment: process.env,
        useSnapshot: true,
      });
  }
  const {loadCompilesProject} = await import('../frontends/compiles-project.ts');
  return () => loadCompilesProject({directory, kind, commandsFile: options.commands, imported});
}

function hasJournal(file: string): boolean {
  return (statSync(file, {throwIfNoEntry: false})?.size ?? 0) > 0;
}
