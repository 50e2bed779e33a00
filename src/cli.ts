/** argv in, exit status out: the only place that ends the process. */
import {fileURLToPath} from 'node:url';
import {build, hasWorked} from './commands/build.ts';
import {type Failure, FailureError} from './failure.ts';
import {
  BOOTSTRAP_HELP,
  DOCTOR_HELP,
  parseBootstrapOptions,
  parseLookOptions,
  STATUS_HELP,
} from './options/aws-options.ts';
import {IMPORT_HELP, parseImportOptions} from './options/import-options.ts';
import {
  BUILD_HELP,
  type BuildOptions,
  CLEAN_HELP,
  HELP,
  parseBuildOptions,
  parseStoreOptions,
  parseWatchOptions,
  STATS_HELP,
  WATCH_HELP,
  type WatchOptions,
} from './options/options.ts';

declare const LLAMA_VERSION: string;

const COMMANDS = ['build', 'watch', 'make', 'import', 'bootstrap', 'doctor', 'status', 'stats', 'clean'];

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'build': {
      const options = parseBuildOptions(rest);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(BUILD_HELP);
      return onOurPlatform(() => build(options.value as BuildOptions, began));
    }
    case 'watch': {
      const options = parseWatchOptions(rest);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(WATCH_HELP);
      const {watch} = await import('./commands/watch.ts');
      return onOurPlatform(() => watch(options.value as WatchOptions, began));
    }
    case 'make': {
      const {MAKE_HELP, parseMakeOptions} = await import('./options/make-options.ts');
      const options = parseMakeOptions(rest);
      if (!options.ok) return fail(options.error);
      const {value} = options;
      if (value === 'help') return show(MAKE_HELP);
      const {make} = await import('./commands/make.ts');
      return onOurPlatform(() => make(value, began));
    }
    case 'import': {
      const options = parseImportOptions(rest);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(IMPORT_HELP);
      const {importCommands} = await import('./commands/import.ts');
      return importCommands(options.value, {cwd: process.cwd(), env: process.env});
    }
    case 'bootstrap': {
      const options = parseBootstrapOptions(rest);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(BOOTSTRAP_HELP);
      const {bootstrap} = await import('./commands/bootstrap.ts');
      return bootstrap(options.value, ownContext());
    }
    case 'doctor':
    case 'status': {
      const options = parseLookOptions(rest, command);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(command === 'doctor' ? DOCTOR_HELP : STATUS_HELP);
      if (command === 'doctor')
        return (await import('./commands/doctor.ts')).doctor(options.value, ownContext());
      return (await import('./commands/status.ts')).status(options.value, process.env);
    }
    case 'stats':
    case 'clean': {
      const options = parseStoreOptions(rest, command);
      if (!options.ok) return fail(options.error);
      if (options.value === 'help') return show(command === 'stats' ? STATS_HELP : CLEAN_HELP);
      const {stats, clean} = await import('./commands/store-commands.ts');
      return show(command === 'stats' ? stats(options.value) : clean(options.value));
    }
    case '--version':
      return show(LLAMA_VERSION);
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      return show(HELP);
    default: {
      const {nearest} = await import('./options/edit-distance.ts');
      const [best] = nearest(command, COMMANDS);
      const what = command.startsWith('-') ? 'flag' : 'command';
      return fail({
        reason: 'option-invalid',
        text: `unknown ${what} '${command}'`,
        hint: best === undefined ? 'see: llama --help' : `did you mean ${best}? see: llama --help`,
      });
    }
  }
}

async function onOurPlatform(work: () => Promise<number>): Promise<number> {
  const {platform, arch} = process;
  if (platform === 'linux' && arch === 'x64') return work();
  return fail({reason: 'platform-unsupported', platform: `${platform} on ${arch}`});
}

function ownContext() {
  const programFolder = fileURLToPath(new URL('.', import.meta.url));
  return {version: LLAMA_VERSION, programFolder, env: process.env};
}

async function show(text: string): Promise<number> {
  const {print} = await import('./commands/standard-output.ts');
  print(text);
  return 0;
}

async function fail(failure: Failure): Promise<number> {
  // Only a failure needs its sentence: to have nothing to do loads nothing for it.
  const {exitStatus, failureText} = await import('./ui/failure-text.ts');
  process.stderr.write(`llama: error: ${failureText(failure)}\n`);
  return exitStatus(failure);
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** For {@link Program}: a build with work has run most of the program. */
export const isWorthKeeping = hasWorked;

// Nothing is left to be done then: to take the heap apart before the end would be 10 ms for nobody.
process.once('beforeExit', () => process.exit());

// The time since the process began, its own start included.
const began = 0;

main(process.argv.slice(2)).then(
  status => {
    // A fault of standard output may have come before, and counts.
    process.exitCode ??= status;
  },
  async error => {
    if (error instanceof FailureError) {
      process.exitCode = await fail(error.failure);
      return;
    }
    if (isFileError(error)) {
      // A full disk, a directory that was removed under the build: the system's own sentence names the file.
      process.stderr.write(`llama: error: ${error.message}\n`);
      process.exitCode = 1;
      return;
    }
    // A bug: the one case in which a trace helps anybody.
    process.stderr.write(`llama: internal error, please report it: ${(error as Error).stack}\n`);
    process.exitCode = 1;
  },
);
