/**
 * What follows a build without failures: the command that the user gave, or the tool that CMake left in the directory.
 * It has the terminal, the environment and standard input as the user's shell would give them.
 */
import {availableParallelism} from 'node:os';
import type {BuildContext} from '../engine/look.ts';
import {FailureError} from '../failure.ts';
import {Processes} from '../process.ts';
import {tellLine} from '../ui/display.ts';
import {Interruption, STATUS} from './interruption.ts';
import {nextTool} from './next-tool.ts';
import {ownCommands} from './own-command.ts';
import {print} from './standard-output.ts';

/**
 * Answers the exit status. `hasCompiled`: whether the build had anything to do. Prereq: all of it was built.
 * @throws FailureError `then-failed`
 */
export async function goOn(context: BuildContext, {hasCompiled}: {hasCompiled: boolean}): Promise<number> {
  const {options, location} = context;
  const found = options.next === undefined ? foundTool(context) : undefined;
  const command = options.next ?? (found?.isCmake ? found.command : undefined);
  if (options.dryRun) {
    if (command !== undefined) print(`then: ${command}`);
    return 0;
  }
  const tell = (line: string) => {
    if (options.progress !== 'none') tellLine(line);
  };
  if (command === undefined) {
    if (found !== undefined && hasCompiled) {
      const next = {...options, next: found.command};
      tell(`make has the rest to do: ${ownCommands(next, location).again}`);
    }
    return 0;
  }
  tell(`then: ${command}`);
  return run(command, location.directory);
}

/** In a directory whose own list was built as a whole; nothing is known of others. */
function foundTool({options, location}: BuildContext): ReturnType<typeof nextTool> {
  const {kind, imported, targets, directory} = location;
  if (kind !== 'compile-commands' || imported !== undefined || targets.length > 0) return undefined;
  return nextTool(directory, options.localJobs ?? availableParallelism());
}

async function run(command: string, directory: string): Promise<number> {
  const processes = new Processes();
  // Who has a terminal gets its signals from it, as all in the foreground do.
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(stream => stream.isTTY);
  const stop = new AbortController();
  const interruption = new Interruption({
    onFirst: name => {
      if (!hasTerminal || name !== 'SIGINT') stop.abort();
    },
    onSecond: () => {},
  });
  try {
    const {exitCode} = await processes.run('/bin/sh', ['-c', command], {
      cwd: directory,
      stdio: 'inherit',
      ownSession: !hasTerminal,
      abortWith: hasTerminal ? 'SIGTERM' : 'interrupt',
      signal: stop.signal,
    });
    if (exitCode === 0) return 0;
    const interruptedBy = hasTerminal ? await interruption.nameAfterFailure() : interruption.name;
    if (interruptedBy !== undefined) return STATUS[interruptedBy];
    throw new FailureError({reason: 'then-failed', command, status: exitCode});
  } finally {
    interruption.close();
    processes.close();
  }
}
