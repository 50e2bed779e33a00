/** Which edge runs where: compiles that can travel, compiles that stay (by a named reason), everything else. */
import {readFileSync} from 'node:fs';
import {basename, isAbsolute} from 'node:path';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import type {Project} from '../frontends/project.ts';
import type {Executor} from '../graph/executor.ts';
import {EDGE_CONSOLE, EDGE_DEPS_MSVC, EDGE_GENERATOR, type EdgeId} from '../graph/graph.ts';
import type {Lane} from '../scheduler/scheduler.ts';
import {ccacheConfigFault} from '../toolchain/ccache-config.ts';
import {type Classification, classify} from '../toolchain/classify.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import type {Local} from '../toolchain/local-reason.ts';
import {readToolCommand, type ToolCommand, toolNames, toolSignature} from '../toolchain/tool-command.ts';

interface Decision {
  readonly lane: Lane;
  readonly classification: Classification;
  readonly reason?: string;
  /** Set where it is a command that the user has called pure. */
  readonly tool?: ToolCommand;
  /** Response files were looked for on disk, which another edge may write. */
  readonly readsDisk?: boolean;
}

export class Lanes {
  readonly #project: Project;
  readonly #env: NodeJS.ProcessEnv;
  /** Flag signatures whose objects were found to differ from local ones. */
  readonly #distrusted: ReadonlySet<string>;
  /** What is wrong with the user's ccache settings, if one ever stands in front of a compiler. */
  #ccacheFault: {readonly fault: Local | undefined} | undefined;
  /** Rules, or programs that their commands run, which may go to workers too. */
  readonly #remoteRules: ReadonlySet<string>;
  readonly #known = new Map<EdgeId, Decision>();

  constructor(
    project: Project,
    options: {
      env: NodeJS.ProcessEnv;
      distrusted: ReadonlySet<string>;
      remoteRules: ReadonlySet<string>;
    },
  ) {
    this.#remoteRules = options.remoteRules;
    this.#project = project;
    this.#env = options.env;
    this.#distrusted = options.distrusted;
  }

  /** By what is on disk now: to be asked again when all that the edge waits for is made. */
  laneOf(edge: EdgeId): Lane {
    if (this.#of(edge).readsDisk) this.#known.delete(edge);
    return this.#of(edge).lane;
  }

  isCompile(edge: EdgeId): boolean {
    return this.#of(edge).classification.kind !== 'other';
  }

  /** Whether it is a compile, or a command that the user has called pure. */
  mayTravel(edge: EdgeId): boolean {
    return this.isCompile(edge) || this.toolOf(edge) !== undefined;
  }

  /** Why a compile stays local. */
  reasonOf(edge: EdgeId): string | undefined {
    return this.#of(edge).reason;
  }

  /** The command of an edge that is no compile and may go to a worker. */
  toolOf(edge: EdgeId): ToolCommand | undefined {
    return this.#of(edge).tool;
  }

  /** What distrust of an edge's result is keyed by; undefined for what no worker has made. */
  signatureOf(edge: EdgeId): string | undefined {
    const {classification, tool} = this.#of(edge);
    if (tool) return toolSignature(tool);
    return classification.kind === 'remote' ? flagSignature(classification) : undefined;
  }

  /** The same executor, which also tells why what it runs stays local. */
  telling(executor: Executor): Executor {
    return {
      run: async (edge, signal) => {
        const outcome = await executor.run(edge, signal);
        const localReason = this.reasonOf(edge);
        return outcome.kind === 'done' && localReason !== undefined ? {...outcome, localReason} : outcome;
      },
    };
  }

  classificationOf(edge: EdgeId): Classification {
    return this.#of(edge).classification;
  }

  #of(edge: EdgeId): Decision {
    let known = this.#known.get(edge);
    if (!known) {
      known = this.#decide(edge);
      this.#known.set(edge, known);
    }
    return known;
  }

  #decide(edge: EdgeId): Decision {
    const {graph} = this.#project;
    const command = graph.text(edge, 'command');
    let readsDisk = false;
    const classification = classify({
      command,
      env: this.#env,
      ...(command.includes('ccache') ? {ccacheFault: this.#askCcache()} : {}),
      readResponseFile: path => {
        const content = this.#rspfileContent(edge, path);
        if (content !== undefined) return {content, onDisk: false};
        // By another way to the same place? What lies there now is of an earlier run then.
        if (basename(path) === basename(graph.text(edge, 'rspfile'))) return undefined;
        readsDisk = true;
        const found = readIfThere(absolute(this.#project.directoryOf(edge), path));
        return found === undefined ? undefined : {content: found, onDisk: true};
      },
    });
    return {...this.#place(edge, classification), readsDisk};
  }

  /** What the description says that a file of this name will hold. */
  #rspfileContent(edge: EdgeId, path: string): string | undefined {
    const {graph, directory} = this.#project;
    const rspfile = graph.text(edge, 'rspfile');
    if (rspfile === '') return undefined;
    const isSame = absolute(this.#project.directoryOf(edge), path) === absolute(directory, rspfile);
    return isSame ? graph.text(edge, 'rspfileContent') : undefined;
  }

  #place(edge: EdgeId, classification: Classification): Decision {
    const {graph} = this.#project;
    const directory = this.#project.directoryOf(edge);
    if (classification.kind === 'other') return this.#placeOther(edge, classification);
    if (graph.has(edge, EDGE_CONSOLE)) return {lane: 'ninja', classification, reason: 'console'};
    if (graph.has(edge, EDGE_DEPS_MSVC)) return {lane: 'ninja', classification, reason: 'depfile-form'};
    const local = (reason: string) => ({lane: 'local', classification, reason}) as const;
    if (classification.kind === 'local-compile') return local(classification.local.reason);
    if (graph.dyndep(edge) >= 0) return local('modules');
    if (this.#distrusted.size > 0 && this.#distrusted.has(flagSignature(classification))) {
      return local('verify-differed');
    }
    const made = new Set(
      wantedOutputs(classification.compile).map(output => absolute(directory, output.path)),
    );
    for (const out of graph.outs(edge)) {
      if (!made.has(absolute(this.#project.directory, graph.path(out)))) return local('other-output');
    }
    return {lane: 'remote', classification};
  }

  #placeOther(edge: EdgeId, classification: Classification): Decision {
    const {graph} = this.#project;
    const ninja = {lane: 'ninja', classification} as const;
    const isOwn = graph.has(edge, EDGE_GENERATOR) || graph.dyndep(edge) >= 0;
    if (this.#remoteRules.size === 0 || isOwn || !this.#isNamed(edge)) return ninja;
    if (graph.has(edge, EDGE_CONSOLE)) return {...ninja, reason: 'console'};
    if (graph.has(edge, EDGE_DEPS_MSVC)) return {...ninja, reason: 'depfile-form'};
    const read = readToolCommand(graph.text(edge, 'command'), this.#env);
    if (!read.ok) return {...ninja, reason: read.local.reason};
    if (this.#distrusted.has(toolSignature(read.tool))) return {...ninja, reason: 'verify-differed'};
    return {lane: 'remote', classification, tool: read.tool};
  }

  #isNamed(edge: EdgeId): boolean {
    const {graph} = this.#project;
    const names = [graph.text(edge, 'rule'), ...toolNames(graph.text(edge, 'command'))];
    return names.some(name => this.#remoteRules.has(name));
  }

  #askCcache(): Local | undefined {
    this.#ccacheFault ??= {fault: ccacheConfigFault(this.#env, readIfThere)};
    return this.#ccacheFault.fault;
  }
}

function absolute(directory: string, path: string): string {
  return canonicalPath(isAbsolute(path) ? path : `${directory}/${path}`);
}

/** The compiler, and the flags that are not names of files of the compile's own: what distrust is keyed by. */
export function flagSignature(classification: Extract<Classification, {kind: 'remote'}>): string {
  const {compile} = classification;
  const own = new Set([compile.source, compile.output, compile.depfile?.path]);
  const flags = compile.words.filter(
    word => word.startsWith('-') && !/^-[IDU]|^-M/.test(word) && !own.has(word),
  );
  return [compile.compiler, ...flags].join(' ');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
