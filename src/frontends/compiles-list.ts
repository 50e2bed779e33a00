/**
 * A list of commands -> the compiles in it that can be built, each object once, and what the rest of it is. It makes no
 * graph and knows nothing of who asks: a build takes the compiles, `llama import` tells of all.
 */
import {realpathSync} from 'node:fs';
import {basename, dirname, isAbsolute, join} from 'node:path';
import type {ListedCommand} from './compile-commands.ts';
import {type ListedCompile, readListed} from './listed-compile.ts';
import {canonicalPath} from './ninja/canonical-path.ts';

/** Paths below the list's directory are relative to it, others absolute. */
export interface ObjectCompile {
  readonly listed: ListedCommand;
  readonly compile: ListedCompile;
  readonly source: string;
  readonly output: string;
  readonly depfile: string | undefined;
  /** Of an object of the same list that has to be there first: a precompiled header. */
  readonly precompiled?: string;
}

export interface CompilesList {
  readonly entries: number;
  readonly compiles: readonly ObjectCompile[];
  /** Entries that say again what one before them says. */
  readonly repeated: number;
  /** Objects for which there is another command besides the one taken, the first. */
  readonly ambiguous: readonly string[];
  /** What links make that are listed as if they were compiles. */
  readonly links: readonly string[];
  readonly headers: number;
  /** Programs of commands that compile nothing. */
  readonly others: readonly string[];
  /** Compiles of which it is not known what they read or write. */
  readonly unplaced: number;
}

/** `directory`: the one that is built. */
export function compilesOf(commands: readonly ListedCommand[], directory: string): CompilesList {
  const found = {repeated: 0, headers: 0, unplaced: 0};
  const [ambiguous, links, others] = [new Set<string>(), new Set<string>(), [] as string[]];
  const objects = new Map<string, ObjectCompile>();
  const identify = fileIdentity(directory);
  for (const listed of commands) {
    const compile = readListed(listed);
    if (compile === 'no-compile') others.push(programOf(listed.command));
    else if (compile === 'header') found.headers++;
    else if (compile === 'unplaced') found.unplaced++;
    else if (compile === 'link') links.add(nameIn(directory, listed, outputOf(listed)));
    else {
      const next = place(listed, compile, directory);
      const id = identify(next.output);
      const first = objects.get(id);
      if (first === undefined) objects.set(id, next);
      else if (isSame(first, next)) found.repeated++;
      else if (identify(first.source) === identify(next.source)) ambiguous.add(first.output);
      // One file of two sources is no object.
      else links.add(first.output);
    }
  }
  const compiles = [...objects.values()].filter(({output}) => !links.has(output));
  return {
    ...found,
    entries: commands.length,
    compiles: withPrecompiled(compiles, directory),
    ambiguous: [...ambiguous].filter(output => !links.has(output)),
    links: [...links],
    others,
  };
}

function place(listed: ListedCommand, compile: ListedCompile, directory: string): ObjectCompile {
  const name = (path: string) => nameIn(directory, listed, path);
  return {
    listed,
    compile,
    source: name(compile.source),
    output: name(compile.output),
    depfile: compile.depfile === undefined ? undefined : name(compile.depfile),
  };
}

/** A path of a command as the graph names it. */
function nameIn(directory: string, listed: ListedCommand, path: string): string {
  const absolute = canonicalPath(isAbsolute(path) ? path : join(listed.directory, path));
  return absolute.startsWith(`${directory}/`) ? absolute.slice(directory.length + 1) : absolute;
}

/** One name for each file, however its directory is reached: through links, for one. */
function fileIdentity(directory: string): (name: string) => string {
  const known = new Map<string, string>();
  return name => {
    const folder = dirname(isAbsolute(name) ? name : join(directory, name));
    let real = known.get(folder);
    if (real === undefined) {
      real = realOrSame(folder);
      known.set(folder, real);
    }
    return `${real}/${basename(name)}`;
  };
}

function realOrSame(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // Yet to be made.
  }
}

function isSame(one: ObjectCompile, other: ObjectCompile): boolean {
  return one.listed.command === other.listed.command && one.listed.directory === other.listed.directory;
}

/** Prereq: the command is a link that is listed as a compile. */
function outputOf({output, command}: ListedCommand): string {
  return output ?? / -o *("?)([^\s"]+)\1/.exec(command)?.[2] ?? 'a.out';
}

function programOf(command: string): string {
  const [, quoted, plain = ''] = /^\s*(?:"([^"]*)"|(\S*))/.exec(command) ?? [];
  return (quoted ?? plain).replace(/^.*[\\/]/, '');
}

const INCLUDED = /-include(?:-pch)?[= ]+(?:-Xclang +)?"?([^\s"]+)/g;

/** CMake lists the making of a precompiled header too, and its users by the header's name. */
function withPrecompiled(compiles: readonly ObjectCompile[], directory: string): readonly ObjectCompile[] {
  const made = new Set(compiles.map(({output}) => output).filter(output => /\.(?:gch|pch)$/.test(output)));
  if (made.size === 0) return compiles;
  return compiles.map(compile => {
    const {listed, output} = compile;
    for (const [, path = ''] of listed.command.matchAll(INCLUDED)) {
      const name = nameIn(directory, listed, path);
      const precompiled = [name, `${name}.gch`, `${name}.pch`].find(each => made.has(each));
      if (precompiled !== undefined && precompiled !== output) return {...compile, precompiled};
    }
    return compile;
  });
}
