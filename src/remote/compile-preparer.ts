/** How a compile becomes an action: which compiler, which words and environment, and where its inputs are found. */
import type {FileState} from '../graph/file-state.ts';
import type {EdgeId} from '../graph/graph.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {ActionResult} from '../protocol/invocation.ts';
import type {Classification} from '../toolchain/classify.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import {NativeFlags} from '../toolchain/native-march.ts';
import {absoluteIn, type Discovery} from './discovery.ts';
import {changedEnvironment, workerEnvironment} from './environment.ts';
import {StayLocal} from './fault.ts';
import {lackingInputs} from './observed-run.ts';
import type {Foreseen, Prepared} from './prepared.ts';
import type {Toolchains} from './toolchains.ts';

export type RemoteCompile = Extract<Classification, {kind: 'remote'}>;

/** What is needed to prepare an action of any kind. */
export interface PreparerOptions {
  readonly files: FileState;
  readonly toolchains: Toolchains;
  readonly discovery: Discovery;
  readonly canonicalPath: (path: string) => string;
  /** Where an edge's command runs. */
  readonly directoryOf: (edge: EdgeId) => string;
  /** PWD of an edge's command: the directory as the user's shell names it. */
  readonly pwdOf: (edge: EdgeId) => string;
}

export interface CompilePreparerOptions extends PreparerOptions {
  readonly compileOf: (edge: EdgeId) => RemoteCompile;
  /** Of an edge's command. Prereq: what was answered once does not change. */
  readonly envOf: (edge: EdgeId) => NodeJS.ProcessEnv;
}

const MOST_ROUNDS = 4;

export class CompilePreparer {
  readonly #options: CompilePreparerOptions;
  readonly #native = new NativeFlags();

  constructor(options: CompilePreparerOptions) {
    this.#options = options;
  }

  /** @throws StayLocal */
  async prepare(edge: EdgeId): Promise<Prepared> {
    const {toolchains, canonicalPath} = this.#options;
    const directory = this.#options.directoryOf(edge);
    const pwd = this.#options.pwdOf(edge);
    const command = this.#options.compileOf(edge);
    const {compile} = command;
    const localEnv = changedEnvironment(this.#options.envOf(edge), command.envChanges);
    const identified = await toolchains.identify(compile.compiler, {path: localEnv.PATH ?? '', directory});
    if (!identified.ok) throw new StayLocal(identified.error.reason);
    const identity = identified.value;
    let args: readonly string[] = compile.args;
    // What the manifest says a response file holds need not be on disk.
    const made = compile.responseFiles
      .filter(file => !file.onDisk)
      .map(file => ({path: absoluteIn(directory, file.path), content: file.content}));
    // The worker lays it out by its place, which this machine may not have yet.
    if (made.some(({path}) => canonicalPath(path) !== path)) throw new StayLocal('response-file');
    if (compile.nativeFlags.length > 0) {
      const replaced = await this.#native.replace(compile, {cwd: directory, env: localEnv});
      if (!replaced.ok) throw new StayLocal(replaced.local.reason);
      args = replaced.args;
      made.push(...replaced.files);
    }
    const outputs = wantedOutputs(compile);
    const source = absoluteIn(directory, compile.source);
    return {
      edge,
      toolchain: identity.digest,
      part: toolchains.partFor(identity, compile.language),
      program: identity.program,
      directory,
      args: [identity.argv0, ...args.slice(1)],
      made,
      env: workerEnvironment(localEnv, {pwd, path: identity.path, locale: identity.locale}),
      outputs,
      source,
      mostRounds: MOST_ROUNDS,
      fixedInputs: () => this.#fixedInputs(command, directory, source),
      foresee: (more, stamp) =>
        this.#foresee(command, identity, {directory, pwd, env: localEnv, more: [...more], stamp}),
      lacking: (result: ActionResult) =>
        lackingInputs(result, {
          ...this.#options,
          identity,
          outputs: new Set(outputs.map(({path}) => absoluteIn(directory, path))),
        }),
    };
  }

  /** The source; and response files on disk have to hold what the command was read from: text, and unchanged. */
  #fixedInputs({compile}: RemoteCompile, directory: string, source: string): Digest | undefined {
    const {files} = this.#options;
    const areAsRead = compile.responseFiles.every(
      ({path, content, onDisk}) => !onDisk || files.digest(absoluteIn(directory, path)) === digestOf(content),
    );
    if (!areAsRead) throw new StayLocal('response-file');
    return files.digest(source);
  }

  async #foresee(
    {compile}: RemoteCompile,
    identity: ToolchainIdentity,
    where: {directory: string; pwd: string; env: NodeJS.ProcessEnv; more: readonly string[]; stamp: bigint},
  ): Promise<Foreseen> {
    const {discovery, toolchains} = this.#options;
    const more = [...toolchains.extras(identity), ...where.more];
    const found = await discovery.discover({...where, compile, identity, more});
    if (found.kind === 'surroundings') throw new StayLocal('assembler-surroundings');
    if (found.kind === 'unknown') throw new StayLocal('undiscovered-input');
    const {precompiled, readsFileTime, inputs, absentIncludes, readsClock} = found.value;
    if (precompiled.length > 0) throw new StayLocal('pch');
    if (readsFileTime) throw new StayLocal('file-time');
    return {inputs, absentNames: absentIncludes, readsClock};
  }
}
