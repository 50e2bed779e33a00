/**
 * Which of the compiles that the targets need stay on this machine, and why, without building any. Asks what a remote
 * compile asks before it is sent, in the same order. What only a worker can show, and what rests on files that are yet
 * to be made, it does not know.
 */
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import {STATE_DIR} from '../frontends/project.ts';
import {FileState} from '../graph/file-state.ts';
import type {EdgeId, Graph} from '../graph/graph.ts';
import {noCounts} from '../remote/counts.ts';
import {absoluteIn, Discovery} from '../remote/discovery.ts';
import {DiskStore} from '../remote/embedded/disk-store.ts';
import {changedEnvironment} from '../remote/environment.ts';
import {Toolchains} from '../remote/toolchains.ts';
import {Slots} from '../scheduler/slots.ts';
import {TOKENS_VERSION} from '../toolchain/include-tokens.ts';
import {LOCAL_REASONS} from '../toolchain/local-reason.ts';
import {NativeFlags} from '../toolchain/native-march.ts';
import {REFUSALS} from '../toolchain/refusal.ts';
import {RUN_REASONS} from '../ui/run-reasons.ts';
import {Lanes} from './lanes.ts';
import type {Look} from './look.ts';
import {logicalDirectory} from './pwd.ts';
import {Verifier} from './verify.ts';

export interface Surroundings {
  /** The embedded store, where what is known of compilers lies too. Prereq: it can be used. */
  readonly storeDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** See {@link Lanes}. */
  readonly remoteRules: ReadonlySet<string>;
}

/** Where a compile will run. `later`: that depends on what is to be made first. */
type Judgement =
  | {readonly where: 'remote' | 'later'}
  | {readonly where: 'local'; readonly reason: string; readonly detail: string};

export const SENTENCES: Readonly<Record<string, string>> = {...RUN_REASONS, ...LOCAL_REASONS, ...REFUSALS};

/** For people: each reason with its sentence and the outputs that it keeps here, the most frequent first. */
export async function localReasons(look: Look, surroundings: Surroundings): Promise<string> {
  const {graph} = look.project;
  const judge = new Judge(look, surroundings);
  const compiles = neededEdges(look).filter(edge => judge.concerns(edge));
  const slots = new Slots(availableParallelism());
  const judgements = await Promise.all(
    compiles.map(async edge => {
      await slots.acquire();
      return judge.judge(edge).finally(() => slots.release());
    }),
  );
  const local = new Map<string, string[]>();
  const later: string[] = [];
  judgements.forEach((judgement, i) => {
    const output = graph.path(graph.outs(compiles[i]!)[0]!);
    if (judgement.where === 'later') later.push(output);
    if (judgement.where !== 'local') return;
    const {reason, detail} = judgement;
    const line = detail === '' || detail === output ? output : `${output} (${detail})`;
    const lines = local.get(reason);
    if (lines) lines.push(line);
    else local.set(reason, [line]);
  });
  const parts = [...local]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([reason, lines]) =>
      group(`${lines.length} ${reason}: ${SENTENCES[reason] ?? 'no more is known'}`, lines),
    );
  if (parts.length === 0) parts.push('no compile would stay local');
  if (later.length > 0) {
    parts.push(
      group(`${later.length} unknown until ${later.length === 1 ? 'its' : 'their'} inputs are made`, later),
    );
  }
  return parts.join('\n');
}

function group(head: string, lines: readonly string[]): string {
  return [head, ...lines.map(line => `  ${line}`)].join('\n');
}

/** All edges that the targets need, whether they are dirty or not, in the order of the description. */
function neededEdges({project: {graph}, freshness, roots}: Look): EdgeId[] {
  const needed = new Set<EdgeId>();
  const nodes = [...roots];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const edge = graph.producer(node);
    if (edge < 0 || needed.has(edge)) continue;
    needed.add(edge);
    nodes.push(...graph.orderingIns(edge), ...freshness.discoveredIns(edge));
  }
  return [...needed].sort((a, b) => a - b);
}

/** Holds what was asked already: compilers, search paths, files. */
class Judge {
  readonly #look: Look;
  readonly #lanes: Lanes;
  readonly #env: NodeJS.ProcessEnv;
  readonly #toolchains: Toolchains;
  readonly #discovery: Discovery;
  readonly #native = new NativeFlags();
  /** Precompiled headers that edges make, by their absolute paths. */
  readonly #precompiled: ReadonlySet<string>;

  constructor(look: Look, {storeDir, env, remoteRules}: Surroundings) {
    const {project} = look;
    const {distrusted} = new Verifier({share: 0, directory: project.directory, warn: () => {}});
    const files = new FileState();
    files.load(join(project.directory, STATE_DIR, 'files'), TOKENS_VERSION);
    this.#look = look;
    this.#lanes = new Lanes(project, {env, distrusted, remoteRules});
    this.#env = env;
    this.#toolchains = new Toolchains({store: new DiskStore(storeDir, noCounts()), cacheDir: storeDir, env});
    this.#discovery = new Discovery(files, storeDir);
    this.#precompiled = precompiledHeaders(project.graph, project.directory);
  }

  /** Whether it is a compile, or a command that the user has called pure. */
  concerns(edge: EdgeId): boolean {
    const lanes = this.#lanes;
    return lanes.isCompile(edge) || lanes.laneOf(edge) === 'remote' || lanes.reasonOf(edge) !== undefined;
  }

  async judge(edge: EdgeId): Promise<Judgement> {
    const lane = this.#lanes.laneOf(edge);
    // What it reads, a worker has to show.
    if (this.#lanes.toolOf(edge)) return {where: 'remote'};
    const command = this.#lanes.classificationOf(edge);
    if (command.kind !== 'remote' || lane !== 'remote') {
      const detail = command.kind === 'local-compile' ? command.local.detail : '';
      return local(this.#lanes.reasonOf(edge) ?? 'unknown', detail);
    }
    const {compile} = command;
    const directory = this.#look.project.directoryOf(edge);
    const env = changedEnvironment(this.#env, command.envChanges);
    const identified = await this.#toolchains.identify(compile.compiler, {path: env.PATH ?? '', directory});
    if (!identified.ok) return local(identified.error.reason, identified.error.subject);
    const misplaced = compile.responseFiles
      .filter(file => !file.onDisk)
      .map(file => absoluteIn(directory, file.path))
      .find(path => canonicalPath(path) !== path);
    if (misplaced !== undefined) return local('response-file', misplaced);
    if (compile.nativeFlags.length > 0) {
      const replaced = await this.#native.replace(compile, {cwd: directory, env});
      if (!replaced.ok) return local(replaced.local.reason, replaced.local.detail);
    }
    const found = await this.#discovery.discover({
      compile,
      identity: identified.value,
      directory,
      pwd: logicalDirectory(directory, this.#env.PWD),
      env,
      more: [...this.#toolchains.extras(identified.value)],
      stamp: 0n,
    });
    if (found.kind === 'surroundings') return local('assembler-surroundings', '');
    if (found.kind === 'unknown') {
      return this.#isWaiting(edge) ? {where: 'later'} : local('undiscovered-input', '');
    }
    const {precompiled, inputs, readsFileTime} = found.value;
    const header =
      precompiled[0] ??
      inputs.files.find(({path}) => this.#precompiled.has(canonicalPath(`${path}.gch`)))?.path;
    if (header !== undefined) return local('pch', header);
    return readsFileTime ? local('file-time', '') : {where: 'remote'};
  }

  /** Whether anything that the edge needs is to be made first. */
  #isWaiting(edge: EdgeId): boolean {
    const {project, freshness} = this.#look;
    return [...project.graph.orderingIns(edge)].some(input => {
      const producer = project.graph.producer(input);
      return producer >= 0 && !freshness.isReady(producer);
    });
  }
}

function local(reason: string, detail: string): Judgement {
  return {where: 'local', reason, detail};
}

function precompiledHeaders(graph: Graph, directory: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (let node = 0; node < graph.nodeCount; node++) {
    const path = graph.path(node);
    if (path.endsWith('.gch') && graph.producer(node) >= 0)
      found.add(canonicalPath(absoluteIn(directory, path)));
  }
  return found;
}
