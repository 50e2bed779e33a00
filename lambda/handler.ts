/**
 * One invocation: lay the tree out, run the command, take its outputs, say what it looked at. It knows no transport and
 * no cloud, and it never lets an exception out: what goes wrong here is a failure of the worker's, as data.
 */
import {existsSync, mkdirSync, readdirSync, realpathSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {Digest} from '../src/protocol/digest.ts';
import type {
  Action,
  ActionResult,
  InvocationRequest,
  InvocationResponse,
  Toolchain,
  Unpacked,
  WorkerFailure,
} from '../src/protocol/invocation.ts';
import {PROTOCOL_VERSION} from '../src/protocol/invocation.ts';
import {BlobError, type BlobSource} from './blob-source.ts';
import {CarriedBlobs} from './carried-blobs.ts';
import {InputLists} from './input-lists.ts';
import {keep, takeKept} from './kept-roots.ts';
import {OutputSender} from './outputs.ts';
import {checkAction, checkCarried} from './request-check.ts';
import {type Command, runCommand} from './run.ts';
import {sideEffects} from './side-effects.ts';
import {ToolchainStore, type UnpackedToolchain} from './toolchain-store.ts';
import {summarise, TraceFile} from './trace.ts';
import {Trash} from './trash.ts';
import {RequestInvalid} from './tree-check.ts';
import {BlobsUnavailable, Workspace, type WorkspaceContent} from './workspace.ts';

export interface HandlerSettings {
  /** A folder that is this worker's alone. What an earlier worker left there is used if that ended in order. */
  readonly scratch: string;
  readonly store: BlobSource;
  /** Where toolchains are unpacked; workers on one file system may share it. Default: below `scratch`. */
  readonly toolchains?: string;
  /** Bytes of unpacked toolchains, of which the one in use stays. Default: no limit; for places that are this worker's alone. */
  readonly toolchainLimit?: number;
  /** Bytes kept per toolchain of files that the current command does not see. Default 256 MiB. */
  readonly parkedLimit?: number;
  /** Kills a command in flight. */
  readonly signal?: AbortSignal;
}

/** Toolchains beyond this many give up their workspace, least recently used first. */
const WORKSPACES = 4;

/** Invariant: every workspace in the map is sound. Answers one request at a time: callers must await one before the next. */
export class Worker {
  readonly #settings: HandlerSettings;
  readonly #scratch: string;
  readonly #toolchains: ToolchainStore;
  readonly #lists: InputLists;
  readonly #carried: CarriedBlobs;
  readonly #trace: TraceFile;
  readonly #trash: Trash;
  /** Roots that an earlier worker left. */
  readonly #kept: Map<Digest, WorkspaceContent>;
  readonly #workspaces = new Map<Digest, Workspace>();

  constructor(settings: HandlerSettings) {
    // What is laid out has fixed modes, whatever mask we were started with.
    process.umask(0o022);
    mkdirSync(settings.scratch, {recursive: true});
    this.#settings = settings;
    this.#scratch = realpathSync(settings.scratch);
    this.#trash = new Trash(join(this.#scratch, 'trash'));
    this.#kept = takeKept(this.#keptFile);
    this.#throwAwayUnlisted();
    const toolchains = settings.toolchains ?? join(this.#scratch, 'toolchains');
    mkdirSync(toolchains, {recursive: true});
    this.#toolchains = new ToolchainStore(realpathSync(toolchains), settings.store);
    this.#lists = new InputLists(settings.store);
    this.#carried = new CarriedBlobs(settings.store);
    this.#trace = new TraceFile(this.#scratch);
  }

  async answer(request: InvocationRequest): Promise<InvocationResponse> {
    return {version: PROTOCOL_VERSION, result: await this.#answer(request)};
  }

  /** Compilers unpacked since the last call. */
  takeUnpacked(): Unpacked {
    return this.#toolchains.takeUnpacked();
  }

  /** Leaves the roots to the next worker in this scratch folder. Nothing may be asked any more. */
  keepRoots(): void {
    const used = Array.from(this.#workspaces, ([digest, workspace]) => [digest, workspace.content] as const);
    keep(this.#keptFile, [...this.#kept, ...used].slice(-WORKSPACES));
  }

  async #answer(request: InvocationRequest): Promise<ActionResult | WorkerFailure> {
    const toolchain = request?.action?.toolchain;
    try {
      if (request?.version !== PROTOCOL_VERSION)
        return failure(
          'version-mismatch',
          `worker speaks version ${PROTOCOL_VERSION}, not ${request?.version}`,
        );
      checkAction(request.action);
      checkCarried(request.blobs);
      return await this.#run(request);
    } catch (error) {
      // An error of the request or of a blob is found before anything is half done; after any other, start afresh.
      const known = explain(error);
      if (known.reason === 'spawn-failed' || known.reason === 'scratch-full') this.#drop(toolchain);
      if (known.reason === 'scratch-full') await this.#emptyScratch();
      return known;
    }
  }

  async #run(request: InvocationRequest): Promise<ActionResult | WorkerFailure> {
    const {action, inlineLimit, timeLimit} = request;
    const begun = performance.now();
    this.#carried.carry(request.blobs ?? []);
    const isNew = !this.#workspaces.has(action.toolchain);
    const unpacked = await this.#toolchains.get(action.toolchain);
    const {toolchainLimit = Number.POSITIVE_INFINITY} = this.#settings;
    if (isNew && toolchainLimit < Number.POSITIVE_INFINITY) this.#makeRoom(action.toolchain, toolchainLimit);
    const workspace = this.#workspaceOf(unpacked);
    const unpackedAt = performance.now();
    await workspace.layOut(await this.#lists.treeOf(action.inputs));
    for (const path of [action.cwd, action.program])
      if (!existsSync(workspace.root + path)) throw new RequestInvalid(`'${path}' is not in the tree`);
    const laidOut = performance.now();
    const signal = this.#settings.signal;
    const command = commandOf(action, unpacked.toolchain, workspace.root, this.#trace.path);
    const running = runCommand({...command, timeLimit, ...(signal && {signal})});
    // While it runs there is nothing else to do here.
    void this.#trash.empty();
    const end = await running;
    const ran = performance.now();
    const records = this.#trace.take();
    if (end.timedOut || records === undefined) {
      this.#drop(action.toolchain);
      return end.timedOut
        ? failure('timed-out', `the command ran for more than ${timeLimit} ms`)
        : failure('scratch-full', 'the record of paths did not fit');
    }
    const {observed, written, removed, leavesPrograms} = summarise(records, workspace);
    const touched = new Set(written.map(path => workspace.physicalOf(path)));
    const isUntouched = (path: string) => {
      const physical = workspace.physicalOf(path);
      return physical !== undefined && workspace.isInput(physical) && !touched.has(physical);
    };
    const sender = new OutputSender(this.#settings.store, inlineLimit);
    const {root} = workspace;
    const files = await sender.collect({wanted: action.outputs, root, cwd: action.cwd, isUntouched});
    const others = sideEffects({written, removed, outputs: absolute(action), umask: action.umask}, workspace);
    const [stdout, stderr] = [await sender.send(end.stdout), await sender.send(end.stderr)];
    workspace.clean(written, removed);
    if (workspace.spoiled) {
      this.#drop(action.toolchain);
      this.#toolchains.discard(action.toolchain);
    }
    return {
      kind: 'result',
      exitCode: end.exitCode,
      ...(end.signal && {signal: end.signal}),
      stdout,
      stderr,
      ...files,
      ...(others.length > 0 && {others}),
      ...(leavesPrograms && {leavesPrograms}),
      observed,
      timing: {
        toolchain: unpackedAt - begun,
        layout: laidOut - unpackedAt,
        run: ran - laidOut,
        outputs: performance.now() - ran,
        cpu: end.cpu,
      },
    };
  }

  #workspaceOf(toolchain: UnpackedToolchain): Workspace {
    const {digest} = toolchain;
    const workspace = this.#workspaces.get(digest) ?? this.#openWorkspace(toolchain);
    this.#workspaces.delete(digest);
    this.#workspaces.set(digest, workspace);
    for (const oldest of this.#workspaces.keys()) {
      if (this.#workspaces.size <= WORKSPACES) break;
      this.#drop(oldest);
    }
    return workspace;
  }

  #openWorkspace(toolchain: UnpackedToolchain): Workspace {
    const {digest} = toolchain;
    const content = this.#kept.get(digest);
    this.#kept.delete(digest);
    return new Workspace({
      directory: this.#directoryOf(digest),
      toolchain,
      blobs: this.#carried,
      parkedLimit: this.#settings.parkedLimit ?? 256 << 20,
      trash: this.#trash,
      ...(content && {content}),
    });
  }

  /** As far as it can be emptied: the next request finds out whether that was enough. */
  async #emptyScratch(): Promise<void> {
    try {
      if (this.#settings.toolchainLimit !== undefined) this.#makeRoom(undefined, 0);
      await this.#trash.empty();
    } catch {
      // What is in the way of deleting is what was in the way of the request.
    }
  }

  #makeRoom(inUse: Digest | undefined, limit: number): void {
    for (const digest of this.#toolchains.makeRoom(inUse, limit)) this.#drop(digest);
  }

  #drop(digest: Digest | undefined): void {
    if (digest !== undefined && this.#workspaces.delete(digest)) this.#trash.put(this.#directoryOf(digest));
  }

  #throwAwayUnlisted(): void {
    const roots = join(this.#scratch, 'roots');
    mkdirSync(roots, {recursive: true});
    const listed = new Set(Array.from(this.#kept.keys(), digest => basename(this.#directoryOf(digest))));
    for (const name of readdirSync(roots)) if (!listed.has(name)) this.#trash.put(join(roots, name));
  }

  #directoryOf(digest: Digest): string {
    return join(this.#scratch, 'roots', digest.slice(0, 16));
  }

  get #keptFile(): string {
    return join(this.#scratch, 'kept-roots.json');
  }
}

/** The command as the loader is told to run it, in an environment of which nothing is the worker's own. */
function commandOf(
  action: Action,
  toolchain: Toolchain,
  root: string,
  trace: string,
): Omit<Command, 'timeLimit'> {
  const loader = root + toolchain.loader;
  const libraries = toolchain.libraryPath.map(path => root + path).join(':');
  const preload = root + toolchain.preload;
  const [argv0 = action.program, ...words] = action.args;
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(action.env)) if (!/^(?:LD|LLAMA)_/.test(name)) env[name] = value;
  // glibc reads locales by itself, so it needs the physical place.
  env.LOCPATH = `${root}/usr/lib/locale`;
  Object.assign(env, {
    LLAMA_ROOT: root,
    LLAMA_LOADER: loader,
    LLAMA_LIBS: libraries,
    LLAMA_SHIM: preload,
    LLAMA_TRACE: trace,
    LLAMA_EXE: action.program,
    LLAMA_PARENT: String(process.pid),
  });
  const options = ['--inhibit-cache', '--library-path', libraries, '--preload', preload, '--argv0', argv0];
  return {
    file: loader,
    args: [...options, root + action.program, ...words],
    cwd: root + action.cwd,
    env,
    umask: action.umask,
  };
}

function absolute({cwd, outputs}: Action): string[] {
  return outputs.map(({path}) => (path.startsWith('/') ? path : `${cwd}/${path}`));
}

function failure(reason: WorkerFailure['reason'], text: string, digests?: readonly Digest[]): WorkerFailure {
  return {kind: 'failure', reason, text, ...(digests && {digests})};
}

function explain(error: unknown): WorkerFailure {
  if (error instanceof RequestInvalid) return failure('request-invalid', error.message);
  if (error instanceof BlobsUnavailable) return failure(error.reason, error.message, error.digests);
  if (error instanceof BlobError) return failure(error.reason, error.message, [error.digest]);
  const {code, message} = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE';
  return failure(full ? 'scratch-full' : 'spawn-failed', message);
}
