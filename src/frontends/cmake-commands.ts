/**
 * What CMake's generators run where their compile_commands.json says something else. Both kinds leave their own doubling
 * of dollars in the commands; that of makefiles leaves out the flags by which compilers write dependency files, without
 * which make would know of no header that an object was compiled with.
 */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

interface Command {
  readonly command: string;
  /** That it runs in. */
  readonly directory: string;
}

/** Answers the command that a build by CMake's generator would run. `directory`: where the list lies. */
export function commandsOfCmake(directory: string): (listed: Command) => string {
  const generator = /^CMAKE_GENERATOR:INTERNAL=(Ninja|Unix Makefiles)/m.exec(
    readIfThere(join(directory, 'CMakeCache.txt')),
  )?.[1];
  if (generator === undefined) return ({command}) => command;
  if (generator === 'Ninja') return ({command}) => undoubled(command);
  const known = new Map<string, ReadonlyMap<string, string>>();
  return listed => {
    const command = undoubled(listed.command);
    const [, quote = '', target, rest] = OUTPUT.exec(command) ?? [];
    if (target === undefined) return command;
    const file = join(listed.directory, unquoted(target, quote), 'build.make');
    let flags = known.get(file);
    if (flags === undefined) {
      flags = dependencyFlags(readIfThere(file));
      known.set(file, flags);
    }
    const output = `${quote}${target}/${rest}`;
    const missing = flags.get(output);
    return missing === undefined || command.includes(` ${missing} `)
      ? command
      : command.replace(` -o ${output} -c `, () => ` ${missing} -o ${output} -c `);
  };
}

/** The object of a compile: the folder of its target, and its name there with a quote that may follow. */
const OUTPUT = / -o ("?)((?:\S*\/)?CMakeFiles\/[^/]+\.dir|[^"]*?CMakeFiles\/[^/]+\.dir)\/(.+?) -c /;

/** By objects, as they are spelt behind `-o`. */
function dependencyFlags(makefile: string): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [, words = '', output = ''] of makefile.matchAll(/ (-MM?D -MT .+? -MF .+?) -o (.+?) -c /g)) {
    flags.set(undoubled(output), undoubled(words));
  }
  return flags;
}

function undoubled(text: string): string {
  return text.replaceAll('$$', '$');
}

function unquoted(text: string, quote: string): string {
  return quote === '' ? text : text.replaceAll(/\\(.)/g, '$1');
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
