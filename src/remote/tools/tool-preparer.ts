/**
 * How the command of a rule that the user has called pure becomes an action: which program, which inputs its edge
 * declares; and whether the run kept to them. One that did not runs here, and the user is told by which file.
 */
import {dirname, resolve} from 'node:path';
import type {EdgeId, Graph} from '../../graph/graph.ts';
import {digestOf} from '../../protocol/digest.ts';
import type {WantedOutput} from '../../protocol/invocation.ts';
import {REFUSALS} from '../../toolchain/refusal.ts';
import type {ToolCommand} from '../../toolchain/tool-command.ts';
import type {ToolRuntime} from '../../toolchain/tool-runtime.ts';
import type {PreparerOptions} from '../compile-preparer.ts';
import {absoluteIn} from '../discovery.ts';
import {changedEnvironment, localeFor, workerEnvironment} from '../environment.ts';
import {StayLocal} from '../fault.ts';
import type {MadeFile, Prepared} from '../prepared.ts';
import {ToolAction} from './tool-action.ts';
import type {Leftover} from './tool-completion.ts';
import {ToolInputs} from './tool-inputs.ts';

export interface ToolPreparerOptions extends PreparerOptions {
  readonly graph: Graph;
  /** That relative paths of the graph count from. */
  readonly directory: string;
  readonly toolOf: (edge: EdgeId) => ToolCommand;
  readonly environment: NodeJS.ProcessEnv;
  readonly umask: number;
  /** Absolute paths that earlier runs of the edge are known to have read. */
  readonly recordedInputs: (edge: EdgeId) => readonly string[];
  readonly warn: (text: string) => void;
}

/** A program that reads its own library file by file shows the next one in each run, until all are remembered. */
const MOST_ROUNDS = 24;

export class ToolPreparer {
  readonly #options: ToolPreparerOptions;
  readonly #inputs: ToolInputs;

  constructor(options: ToolPreparerOptions) {
    this.#options = options;
    this.#inputs = new ToolInputs(options);
  }

  /** @throws StayLocal */
  async prepare(edge: EdgeId): Promise<Prepared> {
    const {graph, toolchains, directoryOf, pwdOf, environment} = this.#options;
    const tool = this.#options.toolOf(edge);
    const named = absoluteIn(directoryOf(edge), tool.directory ?? '.');
    const directory = this.#options.files.physical(named);
    if (directory === undefined) throw new StayLocal('tool-unfit');
    const pwd = resolve(pwdOf(edge), tool.directory ?? '.');
    const localEnv = changedEnvironment(environment, tool.envChanges);
    const runtime = await this.#runtime(tool, {directory, env: localEnv});
    const locale = localeFor(localEnv);
    if (runtime.asksLocale && locale.other !== undefined) this.#refuseLocale(tool.args[0]!, locale.other);
    const rest = this.#leftover(tool, directory);
    const outputs = this.#outputs(edge, rest);
    const made = this.#made(edge);
    const declared = await this.#inputs.of({edge, tool, directory, runtime, outputs, made});
    const changes = tool.envChanges.flatMap(({name, value}) => (value === undefined ? [] : [[name, value]]));
    const extras = {digest: digestOf(runtime.program)};
    const action = new ToolAction({
      ...this.#options,
      inputs: this.#inputs,
      label: graph.label(edge),
      runtime,
      declared,
      outputs,
      directories: [directory, pwd, ...outputs.map(({path}) => dirname(path))],
      rest,
      otherLocale: locale.other,
      onLocale: program => locale.other !== undefined && this.#refuseLocale(program, locale.other),
      extras: () => toolchains.extras(extras),
      addExtras: paths => toolchains.addExtras(extras, paths),
    });
    return {
      edge,
      toolchain: runtime.digest,
      part: runtime,
      program: runtime.program,
      directory,
      args: [...runtime.argv, ...tool.args.slice(1)],
      made,
      env: {
        ...workerEnvironment(localEnv, {pwd, path: localEnv.PATH ?? '', locale: locale.there}),
        ...Object.fromEntries(changes),
      },
      outputs,
      source: '',
      mostRounds: MOST_ROUNDS,
      completion: action.completion,
      fixedInputs: () => action.fixedInputs(),
      foresee: (more, stamp) => action.foresee(more, stamp),
      lacking: (result, foreseen) => action.lacking(result, foreseen),
    };
  }

  async #runtime(
    {args}: ToolCommand,
    {directory, env}: {directory: string; env: NodeJS.ProcessEnv},
  ): Promise<ToolRuntime> {
    const {toolchains, warn} = this.#options;
    const found = await toolchains.identifyTool(args[0]!, {path: env.PATH ?? '', cwd: directory, env});
    if (found.ok) return found.value;
    const {reason, subject} = found.error;
    warn(`'${subject}' cannot run on a worker: ${REFUSALS[reason].replaceAll('compiler', 'program')}`);
    throw new StayLocal('tool-unfit');
  }

  #refuseLocale(program: string, locale: string): never {
    this.#options.warn(
      `'${program}' may ask for the locale '${locale}', which workers do not have; to run it there: export LC_ALL=C.UTF-8`,
    );
    throw new StayLocal('tool-locale');
  }

  #outputs(edge: EdgeId, rest: Leftover): WantedOutput[] {
    const {graph, directory, canonicalPath} = this.#options;
    const place = (path: string) => canonicalPath(absoluteIn(directory, path));
    // A description may name one file in two ways.
    const outs = new Set(Array.from(graph.outs(edge), out => place(graph.path(out))));
    const depfile = graph.text(edge, 'depfile');
    if (rest.stdout !== undefined && !outs.has(rest.stdout)) throw new StayLocal('undeclared-output');
    if (rest.depfile && place(depfile) !== rest.depfile.to) throw new StayLocal('depfile-form');
    const optional = new Set([
      ...(depfile === '' ? [] : [place(depfile)]),
      ...(rest.depfile ? [rest.depfile.from] : []),
    ]);
    for (const path of outs) optional.delete(path);
    for (const path of [...outs, ...optional]) this.#refuseOddOutput(path);
    return [
      ...Array.from(outs, path => ({path, required: true})),
      ...Array.from(optional, path => ({path, required: false})),
    ];
  }

  /** A program may write through a link, and into a file whose mode then stays: a new file takes the place of plain ones alone. */
  #refuseOddOutput(path: string): void {
    const {files, umask} = this.#options;
    const there = files.lstat(path);
    if (there === undefined) return;
    const usual = [0o666 & ~umask, 0o777 & ~umask];
    if (there.kind !== 'file' || !usual.includes(there.mode & 0o7777)) throw new StayLocal('output-device');
  }

  /** What of the command no worker does, by places. */
  #leftover({stdout, transform}: ToolCommand, directory: string): Leftover {
    const place = (path: string) => this.#options.canonicalPath(absoluteIn(directory, path));
    return {
      ...(stdout !== undefined && {stdout: place(stdout)}),
      ...(transform && {depfile: {...transform, from: place(transform.from), to: place(transform.to)}}),
    };
  }

  /** What the description says that a response file holds need not be on disk. */
  #made(edge: EdgeId): MadeFile[] {
    const {graph, directory, canonicalPath} = this.#options;
    const rspfile = graph.text(edge, 'rspfile');
    if (rspfile === '') return [];
    const path = absoluteIn(directory, rspfile);
    // The worker lays it out by its place, which this machine may not have yet.
    if (canonicalPath(path) !== path) throw new StayLocal('response-file');
    return [{path, content: graph.text(edge, 'rspfileContent')}];
  }
}
