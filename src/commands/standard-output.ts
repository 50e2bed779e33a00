/** What was asked for goes to standard output: help, listings, a dry run. Not what a build says, which is `ui/`'s. */

let isWatched = false;

/**
 * Writes lines. A reader that has seen enough (`| head`) changes nothing; any other fault, a full disk for one, is told
 * and makes the exit status 1.
 */
export function print(text: string): void {
  if (!isWatched) process.stdout.on('error', onFault);
  isWatched = true;
  process.stdout.write(`${text}\n`);
}

function onFault(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`llama: error: cannot write to standard output: ${error.message}\n`);
  process.exitCode = 1;
}
