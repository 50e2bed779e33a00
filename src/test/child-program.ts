/** Small programs that tests write in TypeScript and run as processes of their own. Knows nothing of what they do. */
import {type ChildProcess, spawn} from 'node:child_process';
import {join} from 'node:path';
import {buildSync} from 'esbuild';

/** Bundles `text`, whose imports count from `directory`, into `outfile`, a `.mjs`. */
export function bundleProgram(text: string, options: {directory: string; outfile: string}): string {
  buildSync({
    stdin: {contents: text, resolveDir: options.directory, loader: 'ts'},
    outfile: options.outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
  return options.outfile;
}

export interface Child {
  readonly process: ChildProcess;
  /** The next line of its standard output. Rejects once there are no more. */
  line(): Promise<string>;
  /** Exit status, or the signal that ended it. */
  readonly end: Promise<number | NodeJS.Signals>;
}

/** Starts a bundled program with node; what it says on standard error is the tests' own. */
export function startProgram(file: string, args: readonly string[] = []): Child {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: join(file, '..'),
  });
  const lines: string[] = [];
  let rest = '';
  let isEnded = false;
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    wake();
  });
  child.stdout.once('close', () => {
    isEnded = true;
    wake();
  });
  child.stdin.on('error', () => {});
  return {
    process: child,
    end: new Promise(resolve => child.once('close', (code, signal) => resolve(signal ?? code ?? -1))),
    async line() {
      while (lines.length === 0) {
        if (isEnded) throw new Error(`'${file}' said no more: ${rest}`);
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
      return lines.shift()!;
    },
  };
}
