/** What is asked of a tool's action on its way: what it rests on, what it is sent, and whether a run of it counts. */
import type {FileState} from '../../graph/file-state.ts';
import type {Digest} from '../../protocol/digest.ts';
import type {ActionResult, WantedOutput} from '../../protocol/invocation.ts';
import {pathsOf} from '../../protocol/path-groups.ts';
import type {ToolRuntime} from '../../toolchain/tool-runtime.ts';
import type {Discovery} from '../discovery.ts';
import {StayLocal} from '../fault.ts';
import type {Completion, Foreseen, Prepared} from '../prepared.ts';
import {completed, type Leftover} from './tool-completion.ts';
import type {DeclaredInputs, ToolInputs} from './tool-inputs.ts';
import {judgeToolRun} from './tool-run.ts';

export interface ToolActionOptions {
  readonly files: FileState;
  readonly discovery: Discovery;
  readonly canonicalPath: (path: string) => string;
  readonly warn: (text: string) => void;
  readonly inputs: ToolInputs;
  /** For people: the edge. */
  readonly label: string;
  /** Of the project. */
  readonly directory: string;
  readonly runtime: ToolRuntime;
  readonly declared: DeclaredInputs;
  readonly outputs: readonly WantedOutput[];
  /** That have to be there. */
  readonly directories: readonly string[];
  readonly rest: Leftover;
  /** The locale that it would have here, where a worker does not have it. */
  readonly otherLocale: string | undefined;
  /** Told of each program that may ask for that. @throws StayLocal */
  readonly onLocale: (program: string) => void;
  /** Files of the system that the tool has asked for before. */
  readonly extras: () => ReadonlySet<string>;
  readonly addExtras: (paths: readonly string[]) => void;
}

/** Invariant: what a run has listed is sent with the next one by its name alone, unless the edge declares it. */
export class ToolAction implements Pick<Prepared, 'fixedInputs' | 'foresee' | 'lacking' | 'completion'> {
  readonly #options: ToolActionOptions;
  readonly #standIns = new Set<string>();
  readonly completion: Completion;

  constructor(options: ToolActionOptions) {
    this.#options = options;
    const {rest} = options;
    this.completion = {
      paths: new Set([rest.stdout, rest.depfile?.to].filter(path => path !== undefined)),
      complete: async (result, read) => completed(await this.#withAllRead(result), rest, read),
    };
  }

  fixedInputs(): Digest | undefined {
    const {inputs, declared, outputs, rest, otherLocale} = this.#options;
    return inputs.fixed(declared, [outputs, rest, otherLocale]);
  }

  async foresee(more: ReadonlySet<string>, stamp: bigint): Promise<Foreseen> {
    const {inputs, declared, directories, discovery, extras} = this.#options;
    const own = inputs.foreseen(declared);
    const found = discovery.collect({
      paths: [...own.files, ...extras(), ...[...more].filter(path => !this.#standIns.has(path))],
      directories: [...own.directories, ...directories],
      stamp,
    });
    if (!found) throw new StayLocal('undiscovered-input');
    const standIns = Array.from(this.#standIns, path => ({path, content: ''}));
    return {inputs: found, absentNames: [], readsClock: false, standIns};
  }

  async lacking(result: ActionResult, {inputs: sent}: Foreseen): Promise<readonly string[]> {
    const {inputs, declared, addExtras} = this.#options;
    const {paths, standIns} = await judgeToolRun(result, {
      ...this.#options,
      inputs: sent,
      standIns: this.#standIns,
      declared: inputs.names(declared),
      outputs: declared.outputs,
      libraries: inputs.libraries,
      remember: addExtras,
    });
    for (const path of standIns) this.#standIns.add(path);
    return [...paths, ...standIns];
  }

  /**
   * The result rests on what was loaded with the programs and modules that it opened, too; and on files that it only asked
   * about, whose sizes are theirs.
   */
  async #withAllRead(result: ActionResult): Promise<ActionResult> {
    const {inputs, runtime, files} = this.#options;
    const {read, found} = result.observed;
    const known = new Set([...runtime.libraries, ...pathsOf(read)]);
    const loaded = await inputs.libraries.of(pathsOf(read), runtime);
    const asked = pathsOf(found).filter(path => files.stat(path)?.kind === 'file');
    const added = [...new Set([...loaded, ...asked])]
      .filter(path => !known.has(path))
      .map(path => [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)] as const);
    return added.length === 0
      ? result
      : {...result, observed: {...result.observed, read: [...read, ...added]}};
  }
}
