/** Command lines of our own that are shown for the user to paste: whole, and quoted for a shell. */
import {quote} from 'shell-quote';
import type {Location} from '../options/locate.ts';
import type {BuildOptions} from '../options/options.ts';
import type {Advice} from '../ui/lines.ts';

/** What a build may advise to run next. */
export function ownCommands(options: BuildOptions, location: Location): Advice {
  const place = placeFlags(options);
  // A preset names the directory, and more.
  const directory = options.preset === undefined ? [location.shown] : [];
  return {
    again: buildCommand(directory, [...place, ...mannerFlags(options)], location.targets),
    tellLocal: buildCommand(directory, [...place, '-n', '-d', 'local'], location.targets),
    alone: target => buildCommand(directory, [...place, '-v'], [target]),
  };
}

/** `llama build` for a directory and its targets. */
export function buildCommand(
  directory: readonly string[],
  flags: readonly string[],
  targets: readonly string[],
): string {
  const words = [...directory, ...targets];
  const line = words.some(word => word.startsWith('-'))
    ? [...flags, '--', ...words]
    : [...directory, ...flags, ...targets];
  return `llama build ${quote(line)}`;
}

/** Where the description and the store are, and what of it may run elsewhere. */
function placeFlags({preset, file, config, commands, store, remoteRules}: BuildOptions): string[] {
  return [
    ...flag('--preset', preset),
    ...flag(file?.startsWith('-') ? '--file' : '-f', file),
    ...flag('--config', config),
    ...flag('--commands', commands),
    ...flag('--store', store),
    ...remoteRules.flatMap(name => flag('--remote-rule', name)),
  ];
}

/** How to build; what was asked for on the side, such as `-d`, is not repeated. */
function mannerFlags(options: BuildOptions): string[] {
  const {jobs, localJobs, keepGoing, verbose, cache, verify, summary, progress, next} = options;
  return [
    ...flag('-j', jobs),
    ...flag('--local-jobs', localJobs),
    ...flag('-k', keepGoing === 1 ? undefined : keepGoing),
    ...(verbose ? ['-v'] : []),
    ...(cache ? [] : ['--no-cache']),
    ...flag('--verify', verify === 0 ? undefined : verify),
    ...flag('--summary', summary),
    ...flag('--progress', progress === 'auto' ? undefined : progress),
    ...flag('--then', next),
  ];
}

function flag(name: string, value: string | number | undefined): string[] {
  if (value === undefined) return [];
  const text = String(value);
  // parseArgs takes a value that begins with a dash for another flag.
  return text.startsWith('-') && text !== '-' && name.startsWith('--') ? [`${name}=${text}`] : [name, text];
}
