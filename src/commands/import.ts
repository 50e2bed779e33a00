/** `llama import`: tells what a compile_commands.json gives, and sets it for the directory that is to be built by it. */
import {existsSync, readFileSync, realpathSync, statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {quote} from 'shell-quote';
import {FailureError} from '../failure.ts';
import {
  type ListedCommand,
  parseCompileCommands,
  readCompileCommands,
} from '../frontends/compile-commands.ts';
import {type CompilesList, compilesOf, type ObjectCompile} from '../frontends/compiles-list.ts';
import {absentCompiles} from '../frontends/compiles-project.ts';
import {missingDepfiles} from '../frontends/makefile-depfiles.ts';
import type {ImportOptions} from '../options/import-options.ts';
import {forgetImported, keepImported} from '../options/imported-list.ts';
import {DESCRIPTIONS} from '../options/locate.ts';
import {storePlace} from '../options/store-place.ts';
import {refusalAtSight} from '../toolchain/identify.ts';
import {importReport} from './import-report.ts';
import {nextTool} from './next-tool.ts';
import {buildCommand} from './own-command.ts';
import {print} from './standard-output.ts';

export interface ImportContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

interface Source {
  /** As the user would name it. */
  readonly shown: string;
  readonly kept: {readonly file: string} | {readonly text: string};
  readonly commands: readonly ListedCommand[];
}

/** Answers the exit status. @throws FailureError for a list that cannot be read or has no compile in it */
export async function importCommands(options: ImportOptions, context: ImportContext): Promise<number> {
  const {list: named} = options;
  if (named === undefined) return forget(options.directory ?? '.', context);
  const shown = options.directory ?? defaultDirectory(named, context);
  const directory = realDirectory(shown, context);
  const source = readSource(named, directory, context);
  const list = compilesOf(source.commands, directory);
  const absent = absentCompiles(list, {directory, file: source.shown, kind: 'compile-commands'});
  print(
    importReport({
      shown: source.shown,
      list,
      absent,
      local: await localObjects(
        list.compiles.filter(compile => !absent.has(compile)),
        context.env,
      ),
      missingDepfiles: missingDepfiles(list.compiles, directory),
    }),
  );
  print(nextLines(set(source, directory), {directory, shown, list}));
  return 0;
}

function forget(shown: string, context: ImportContext): number {
  const wasThere = forgetImported(realDirectory(shown, context));
  print(wasThere ? `forgotten: ${shown} is built by what lies there` : `nothing was imported for ${shown}`);
  return 0;
}

/** The directory that a list describes, where nothing else is said. */
function defaultDirectory(named: string, {cwd}: ImportContext): string {
  if (named !== '-' && isDirectory(resolve(cwd, named))) return named;
  return basename(named) === DESCRIPTIONS['compile-commands'] ? dirname(named) : '.';
}

function realDirectory(shown: string, {cwd}: ImportContext): string {
  const directory = resolve(cwd, shown);
  if (isDirectory(directory)) return realpathSync(directory);
  throw new FailureError({reason: 'option-invalid', text: `there is no directory '${shown}'`});
}

function readSource(named: string, directory: string, {cwd}: ImportContext): Source {
  if (named === '-') {
    const text = readFileSync(0, 'utf8');
    const shown = 'standard input';
    return {shown, kept: {text}, commands: parseCompileCommands(text, {file: shown, directory})};
  }
  const isFolder = isDirectory(resolve(cwd, named));
  const shown = isFolder ? join(named, DESCRIPTIONS['compile-commands']) : named;
  const file = resolve(cwd, shown);
  if (!existsSync(file)) {
    throw new FailureError({
      reason: 'option-invalid',
      text: isFolder ? `there is no compile_commands.json in '${named}'` : `there is no file '${named}'`,
      hint: 'cmake writes one with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, and bear lists what make runs: bear -- make',
    });
  }
  return {shown, kept: {file}, commands: readCompileCommands(file)};
}

/** Each compile that stays here under its reason, as far as that shows without a look into any source. */
async function localObjects(
  compiles: readonly ObjectCompile[],
  env: NodeJS.ProcessEnv,
): Promise<Map<string, string[]>> {
  const refusals = new Map<string, ReturnType<typeof refusalAtSight>>();
  const refusalOf = (compiler: string, cwd: string) => {
    const key = compiler.startsWith('/') ? compiler : `${cwd}\0${compiler}`;
    const settings = {path: env.PATH ?? '', cwd, env, cacheDir: storePlace(undefined, env)};
    if (!refusals.has(key)) refusals.set(key, refusalAtSight(compiler, settings));
    return refusals.get(key);
  };
  const local = new Map<string, string[]>();
  const add = (reason: string, output: string, detail: string) => {
    const text = detail === '' ? output : `${detail} of ${output}`;
    if (local.get(reason)?.push(text) === undefined) local.set(reason, [text]);
  };
  for (const {compile, listed, output} of compiles) {
    const {classification} = compile;
    if (classification.kind === 'local-compile') {
      add(classification.local.reason, output, classification.local.detail);
      continue;
    }
    const refusal = await refusalOf(classification.compile.compiler, listed.directory);
    if (refusal !== undefined) add(refusal.reason, output, refusal.subject);
  }
  return local;
}

/** `own`: the list lies where a build of the directory looks for it. */
function set({kept}: Source, directory: string): 'own' | 'kept' {
  const own = join(directory, DESCRIPTIONS['compile-commands']);
  if ('file' in kept && existsSync(own) && realpathSync(kept.file) === realpathSync(own)) {
    forgetImported(directory);
    return 'own';
  }
  keepImported(directory, kept);
  return 'kept';
}

function nextLines(
  place: 'own' | 'kept',
  {directory, shown, list}: {readonly directory: string; readonly shown: string; readonly list: CompilesList},
): string {
  const tool = nextTool(directory, 1);
  const isLeft = list.compiles.length > 0 && tool?.isCmake === false && place === 'own';
  const command = buildCommand([shown], isLeft ? ['--then', tool!.command] : [], []);
  const there = Object.values(DESCRIPTIONS).find(name => existsSync(join(directory, name)));
  if (place === 'own') {
    return there === DESCRIPTIONS.ninja
      ? `${join(shown, there)} has the links too, and is what is built: ${command}`
      : `to build it: ${command}`;
  }
  const instead = there === undefined ? '' : `, in place of ${join(shown, there)}`;
  return [
    `kept for ${shown}${instead}; to build it: ${command}`,
    `to drop it: llama import --forget ${quote([shown])}`,
  ].join('\n');
}

function isDirectory(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;
}
