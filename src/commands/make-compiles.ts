/**
 * Answers what stubs ask under `llama make`: which compiles a worker can do, done by one, and which the real compiler has
 * to. Nothing is known of what else make runs, so that each question looks at all of its files anew.
 */
import {accessSync, constants, existsSync, lstatSync, readFileSync, rmSync, statSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import {logicalDirectory} from '../engine/pwd.ts';
import type {Report} from '../event.ts';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import type {EdgeOutcome} from '../graph/executor.ts';
import {FileState} from '../graph/file-state.ts';
import type {EdgeId} from '../graph/graph.ts';
import type {Jobserver} from '../make/jobserver.ts';
import {Journal, keyOf} from '../make/journal.ts';
import {Prefetch} from '../make/prefetch.ts';
import type {Answer, Question} from '../make/question.ts';
import type {Cloud} from '../remote/cloud.ts';
import {CompilePreparer, type RemoteCompile} from '../remote/compile-preparer.ts';
import {Discovery} from '../remote/discovery.ts';
import {isOfCompiles} from '../remote/environment.ts';
import {Epochs} from '../remote/epochs.ts';
import {InputSender} from '../remote/input-sender.ts';
import {Materialiser} from '../remote/materialise.ts';
import {RemoteExecutor} from '../remote/remote-executor.ts';
import {Toolchains} from '../remote/toolchains.ts';
import {Slots} from '../scheduler/slots.ts';
import {ccacheConfigFault} from '../toolchain/ccache-config.ts';
import {type Classification, classifyWords} from '../toolchain/classify.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import {findProgram} from '../toolchain/find-program.ts';
import {TOKENS_VERSION} from '../toolchain/include-tokens.ts';

export interface MakeCompilesOptions {
  readonly cloud: Cloud;
  /** Compiles in flight. */
  readonly width: number;
  readonly jobserver: Jobserver;
  /** Folder for what is known of compilers between builds. */
  readonly cacheDir: string;
  /** Folder for what is known of this project's files between builds. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly umask: number;
  readonly useCache: boolean;
  readonly fallsBack: boolean;
  /** The stable name of the reason why nothing more goes to the cloud. */
  readonly reasonToStay: () => string | undefined;
  readonly report: Report;
}

/** Jobs of make beyond what compiles now find others that can be, and links; each costs a process that waits. */
const LENT_FOR_EACH = 2;
const LENT_IN_ANY_CASE = 64;
/** How long a token is waited for, in ms, by who has only to tell that all is done, and by who will take its place. */
const LONGEST_FOR_DONE = 2000;
const LONGEST_FOR_REAL = 60_000;
/** The clock of a file system may be this much behind, in ns. */
const COARSE_CLOCK = 20_000_000n;

interface Asked {
  readonly question: Question;
  readonly compile: RemoteCompile;
  /** Set where it has to be run here. */
  localReason?: string;
}

export class MakeCompiles {
  readonly #options: MakeCompilesOptions;
  readonly #files = new FileState();
  readonly #epochs: Epochs;
  readonly #discovery: Discovery;
  readonly #toolchains: Toolchains;
  readonly #remote: RemoteExecutor;
  readonly #slots: Slots;
  readonly #asked = new Map<EdgeId, Asked>();
  readonly #programs = new Map<string, string | undefined>();
  readonly #warned = new Set<string>();
  readonly #journal = new Journal();
  readonly #prefetch: Prefetch;
  #count = 0;
  #hasBegun = false;
  #isWarm = false;
  /** When the present epoch began, by the machine's monotonic clock, in ns. */
  #lookedSince = 0n;
  /** Of compiles that nobody has asked for. */
  #unasked = -1;

  constructor(options: MakeCompilesOptions) {
    this.#options = options;
    const {cloud, cacheDir, stateDir, env} = options;
    this.#slots = new Slots(options.width + cloud.preparedAhead);
    this.#files.load(join(stateDir, 'files'), TOKENS_VERSION);
    this.#prefetch = new Prefetch({
      slots: this.#slots,
      compile: (question, signal) => this.#fetchAhead(question, signal),
    });
    this.#epochs = new Epochs(this.#files, () => BigInt(Date.now()) * 1_000_000n - COARSE_CLOCK);
    this.#discovery = new Discovery(this.#files, cacheDir);
    this.#toolchains = new Toolchains({store: cloud.store, cacheDir, env});
    const compiler = new CompilePreparer({
      files: this.#files,
      toolchains: this.#toolchains,
      discovery: this.#discovery,
      canonicalPath,
      compileOf: edge => this.#of(edge).compile,
      directoryOf: edge => this.#of(edge).question.directory,
      pwdOf: edge => {
        const {directory, env: own} = this.#of(edge).question;
        return logicalDirectory(directory, own.PWD);
      },
      envOf: edge => this.#of(edge).question.env,
    });
    this.#remote = new RemoteExecutor({
      graph: {
        outs: () => new Int32Array(),
        path: () => '',
        has: () => false,
        text: () => '',
      },
      directory: '/',
      prepare: edge => compiler.prepare(edge),
      umask: options.umask,
      cloud,
      files: this.#files,
      epochs: this.#epochs,
      toolchains: this.#toolchains,
      sender: new InputSender(cloud.store, {
        system: join(cacheDir, 'lists.json'),
        own: join(stateDir, 'lists.json'),
      }),
      materialiser: new Materialiser(),
      useCache: options.useCache,
      onMiss: () => this.#warm(),
      depfileDialect: 'ninja-1.13',
      canonicalPath,
      expected: () => 0,
      isMadeName: () => false,
      pendingProducers: () => [],
      runLocally: async (edge, _signal, reason) => {
        this.#of(edge).localReason = reason;
        return {kind: 'cancelled'};
      },
      isCaptured: false,
      depsFrom: 'observed',
      nodesOf: () => new Int32Array(),
      warn: text => this.#warn(text),
      reasonToStay: options.reasonToStay,
      fallsBack: options.fallsBack,
      waiting: undefined,
      isWanted: () => true,
    });
  }

  /** Milliseconds of CPU that discovery took. */
  get discoveryCpu(): number {
    return this.#discovery.cpu;
  }

  /** Compiles that were asked for. */
  get count(): number {
    return this.#count;
  }

  /** Keeps what was learnt for the next make. `isWhole`: this one came to its end. */
  async close({isWhole}: {readonly isWhole: boolean}): Promise<void> {
    await this.#prefetch.close();
    const {stateDir} = this.#options;
    this.#journal.save(join(stateDir, 'journal.json'), {isWhole, keeps: isOfCompiles});
    try {
      this.#files.save(join(stateDir, 'files'), TOKENS_VERSION);
    } catch {
      // A full disk: the next one reads the files again, and nothing else.
    }
  }

  async answer(question: Question, signal: AbortSignal): Promise<Answer> {
    const classification = this.#classify(question);
    if (classification.kind === 'other') return {kind: 'real'};
    const edge = this.#count++;
    const {report, jobserver, width} = this.#options;
    const target = classification.compile?.output ?? question.words.at(-1)!;
    report({type: 'edge-started', id: edge, isCompile: true, label: target, isConsole: false});
    const about = {id: edge, isCompile: true, target, command: question.words.join(' ')} as const;
    const real = (localReason: string): Answer => {
      report({
        type: 'edge-finished',
        ...about,
        label: target,
        place: 'local',
        localReason,
        output: Buffer.alloc(0),
      });
      return {kind: 'real'};
    };
    if (classification.kind === 'local-compile') return real(classification.local.reason);
    const reason =
      this.#reasonByProgram(question, classification) ?? reasonByOutputs(question, classification);
    if (reason !== undefined) return real(reason);
    this.#begin(question);
    this.#journal.noteAsked(absolute(question, target));
    const isLent = jobserver.lent < Math.max(LENT_FOR_EACH * width, LENT_IN_ANY_CASE);
    if (isLent) jobserver.lend();
    try {
      const asked: Asked = {question, compile: classification};
      const outcome = await this.#run(edge, asked, signal).finally(async () => {
        // Also for one that is gone: what is lent has to come back.
        const isReal = asked.localReason !== undefined;
        if (isLent) await jobserver.takeBack(isReal ? LONGEST_FOR_REAL : LONGEST_FOR_DONE);
      });
      if (outcome.kind === 'done') {
        report({
          type: 'edge-finished',
          ...about,
          label: target,
          place: outcome.place,
          output: Buffer.alloc(0),
        });
        return {kind: 'done', status: 0, stderr: outcome.output};
      }
      if (outcome.kind === 'failed') {
        const {place, exitCode, duration} = outcome;
        report({
          type: 'edge-failed',
          ...about,
          place,
          exitCode,
          duration,
          output: Buffer.alloc(0),
          isReported: true,
        });
        return {kind: 'done', status: exitCode, stderr: outcome.output};
      }
      if (asked.localReason !== undefined) return real(asked.localReason);
      report({type: 'edge-returned', id: edge});
      return {kind: 'real'};
    } finally {
      this.#asked.delete(edge);
    }
  }

  /**
   * With the first question that goes to a worker, and not before, since many makes have nothing to compile: what the last
   * make compiled and what is not there now is begun, where results are kept.
   */
  #begin(first: Question): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const {useCache, stateDir, umask} = this.#options;
    const ahead: Question[] = [];
    for (const question of Journal.load(join(stateDir, 'journal.json'), umask)) {
      const classification = this.#classify(question);
      if (classification.kind !== 'remote') continue;
      const {source, output} = classification.compile;
      if (!existsSync(absolute(question, source))) continue;
      const place = absolute(question, output);
      const isBegun = useCache && !existsSync(place) && keyOf(question) !== keyOf(first);
      this.#journal.recall(question, place, isBegun);
      if (isBegun) ahead.push(question);
    }
    this.#prefetch.start(ahead);
  }

  /** A worker's start takes as long as all that comes before its first compile. */
  #warm(): void {
    if (!this.#isWarm) this.#options.cloud.invoker.warm?.(1);
    this.#isWarm = true;
  }

  async #run(edge: EdgeId, asked: Asked, signal: AbortSignal): Promise<EdgeOutcome> {
    this.#asked.set(edge, asked);
    await this.#prefetch.claim(asked.question);
    await this.#slots.acquire();
    try {
      if (signal.aborted) return {kind: 'cancelled'};
      this.#look(asked.question);
      const outcome = await this.#remote.run(edge, signal);
      if (outcome.kind === 'failed') this.#dropOutput(asked, outcome.place);
      if (outcome.kind === 'done') {
        this.#journal.add(asked.question, absolute(asked.question, asked.compile.compile.output));
      }
      return outcome;
    } finally {
      this.#slots.release();
    }
  }

  /**
   * Anything may have run before a question was asked, and nothing that matters to it after that: what was looked at since
   * then holds for it, also if it was for others who asked meanwhile.
   */
  #look({asked}: Question): void {
    if (asked < this.#lookedSince) return;
    this.#epochs.end();
    this.#lookedSince = process.hrtime.bigint();
    this.#epochs.current();
  }

  async #fetchAhead(question: Question, signal: AbortSignal): Promise<void> {
    const classification = this.#classify(question);
    if (classification.kind !== 'remote' || this.#reasonByProgram(question, classification) !== undefined)
      return;
    const edge = this.#unasked--;
    this.#asked.set(edge, {question, compile: classification});
    this.#look(question);
    await this.#remote.prefetch(edge, signal);
    this.#asked.delete(edge);
  }

  /** What a compiler that failed does with an object of an earlier run: gcc does not get that far, but for a pipe. */
  #dropOutput({question, compile}: Asked, place: string): void {
    const {family, words, output} = compile.compile;
    if (place === 'remote' && (family === 'clang' || words.includes('-pipe')))
      rmSync(absolute(question, output), {force: true});
  }

  #classify(question: Question): Classification {
    const {words, env} = question;
    return classifyWords(words, {
      env,
      ...(words.some(word => word.includes('ccache'))
        ? {ccacheFault: ccacheConfigFault(env, readIfThere)}
        : {}),
      readResponseFile: path => {
        const content = readIfThere(absolute(question, path));
        return content === undefined ? undefined : {content, onDisk: true};
      },
    });
  }

  /** Why the real program has to run: it is another one than its name means, or is to make files in a way of its own. */
  #reasonByProgram(question: Question, {compile}: RemoteCompile): string | undefined {
    const {words, program, umask, isText} = question;
    if (!isText) return 'not-text';
    if (umask !== this.#options.umask) return 'environment-change';
    const found = this.#find(question, words[0]!);
    if (found === undefined || canonicalPath(found) !== canonicalPath(absolute(question, program)))
      return 'compiler-wrapper';
    const compiler = compile.compiler === words[0] ? found : this.#find(question, compile.compiler);
    if (compiler !== undefined) this.#noteProgram(compiler);
    return undefined;
  }

  /** As it is found now. */
  #find(question: Question, name: string): string | undefined {
    const {env, directory} = question;
    return name.includes('/') ? absolute(question, name) : findProgram(name, env.PATH ?? '', directory);
  }

  /** A recipe may put another compiler where one was. */
  #noteProgram(path: string): void {
    const facts = statSync(path, {throwIfNoEntry: false, bigint: true});
    const now = facts && `${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
    const before = this.#programs.get(path);
    this.#programs.set(path, now);
    if (before !== undefined && before !== now) this.#toolchains.forgetIdentities();
  }

  #of(edge: EdgeId): Asked {
    return this.#asked.get(edge)!;
  }

  /** Each thing once, however many compiles it hits. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.report({type: 'note', level: 'warning', text});
  }
}

/** Why the real compiler has to run: it makes no directory, and writes in its own way to what is no plain file. */
function reasonByOutputs(question: Question, {compile}: RemoteCompile): string | undefined {
  for (const {path} of wantedOutputs(compile)) {
    const place = absolute(question, path);
    if (!isWritableDirectory(dirname(place))) return 'output-device';
    const there = lstatSync(place, {throwIfNoEntry: false});
    if (there !== undefined && !there.isFile()) return 'output-device';
  }
  return undefined;
}

function absolute({directory}: Question, path: string): string {
  return isAbsolute(path) ? path : `${directory}/${path}`;
}

function isWritableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
