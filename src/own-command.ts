/** Command lines of our own that are shown for the user to paste: whole, and quoted for a shell. */
import {quote} from 'shell-quote';
import type {Location} from './locate.ts';
import type {BuildOptions} from './options.ts';
import type {Advice} from './ui/lines.ts';

/** What a build may advise to run next. */
export function ownCommands(options: BuildOptions, location: Location): Advice {
  const place = placeFlags(options);
  return {
    again: buildCommand(location, [...place, ...mannerFlags(options)]),
    tellLocal: buildCommand(location, [...place, '-n', '-d', 'local']),
    alone: target => buildCommand({...location, targets: [target]}, [...place, '-v']),
  };
}

/** `llama build` for a directory and its targets. */
export function buildCommand(
  {shown, targets}: Pick<Location, 'shown' | 'targets'>,
  flags: readonly string[],
): string {
  const words = [shown, ...targets];
  const line = words.some(word => word.startsWith('-'))
    ? [...flags, '--', ...words]
    : [shown, ...flags, ...targets];
  return `llama build ${quote(line)}`;
}

/** Where the description and the store are. */
function placeFlags({commands, store}: BuildOptions): string[] {
  return [...flag('--commands', commands), ...flag('--store', store)];
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
