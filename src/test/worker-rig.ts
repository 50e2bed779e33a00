/**
 * A worker process for tests: bundled, started as the embedded cloud starts it, in a sandbox that reaches neither the
 * compiler nor the sources of this machine where bwrap is there. What it is asked is gathered with the compiler's own
 * list of dependencies, so that nothing of the client is under test.
 */
import {type ChildProcess, execFileSync, spawn, spawnSync} from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {buildSync} from 'esbuild';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {encodeFrame} from '../protocol/frames.ts';
import type {
  Action,
  ActionResult,
  InvocationResponse,
  OutputFile,
  WorkerFailure,
} from '../protocol/invocation.ts';
import {PROTOCOL_VERSION} from '../protocol/invocation.ts';
import {decodeResponse, encodeRequest} from '../protocol/message.ts';
import type {Tree} from '../protocol/tree.ts';
import {identifyToolchain, type ToolchainIdentity} from '../toolchain/identify.ts';
import {librariesOf, programFormat} from '../toolchain/loader.ts';
import {TreeCollector} from '../toolchain/tree-collector.ts';

/** True if a program is there and runs. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version'], {stdio: 'ignore'}).status === 0;
}

/** True if bwrap is there and may make namespaces. */
export function canSandbox(): boolean {
  return spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], {stdio: 'ignore'}).status === 0;
}

export interface RigCompile {
  /** argv[0] and the words of a compile with `-c`, without dependency flags. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly outputs: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Paths besides those that the compiler's `-M` names. */
  readonly extra?: readonly string[];
  /** Words put behind argv for the real compile and left out when dependencies are asked for. */
  readonly dependencyFlags?: readonly string[];
}

export class WorkerRig {
  readonly directory: string;
  readonly store: string;
  readonly #sandbox: boolean;
  readonly #waiting: ((response: InvocationResponse) => void)[] = [];
  readonly #identities = new Map<string, ToolchainIdentity>();
  #worker: ChildProcess | undefined;
  #received = Buffer.alloc(0);

  constructor(settings: {readonly sandbox: boolean}) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-rig-')));
    this.store = join(this.directory, 'store');
    this.#sandbox = settings.sandbox;
    for (const folder of ['store', 'scratch', 'work', 'cache', 'home'])
      mkdirSync(join(this.directory, folder));
    buildSync({
      entryPoints: [fileURLToPath(new URL('../../lambda/serve.ts', import.meta.url))],
      outfile: join(this.directory, 'home', 'worker.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
  }

  /** The worker's process; in a sandbox bwrap's. */
  get worker(): ChildProcess | undefined {
    return this.#worker;
  }

  async start(): Promise<void> {
    const [command = '', ...args] = this.#sandbox
      ? await this.#sandboxed()
      : [process.execPath, join(this.directory, 'home', 'worker.mjs')];
    const places = this.#sandbox
      ? {LLAMA_SCRATCH: '/scratch', LLAMA_STORE: '/store'}
      : {LLAMA_SCRATCH: join(this.directory, 'scratch'), LLAMA_STORE: this.store};
    const worker = spawn(command, args, {
      env: {...places, SECRET: 'of the worker'},
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    worker.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#worker = worker;
  }

  /** Starts another worker in the scratch folder of one that is gone; what that one was asked stays unanswered. */
  async restart(): Promise<void> {
    this.#waiting.length = 0;
    this.#received = Buffer.alloc(0);
    await this.start();
  }

  /** Ends the worker as a client does, and deletes everything. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker && worker.exitCode === null && worker.signalCode === null) {
      const ended = new Promise(resolve => worker.once('exit', resolve));
      worker.stdin?.end();
      await ended;
    }
    rmSync(this.directory, {recursive: true, force: true});
  }

  async ask(action: Action, timeLimit = 120_000): Promise<ActionResult | WorkerFailure> {
    const message = encodeRequest({version: PROTOCOL_VERSION, action, inlineLimit: 1 << 18, timeLimit});
    const answer = new Promise<InvocationResponse>(resolve => this.#waiting.push(resolve));
    this.#worker?.stdin?.write(encodeFrame(message));
    return (await answer).result;
  }

  async identify(argv0: string): Promise<ToolchainIdentity> {
    const known = this.#identities.get(argv0);
    if (known) return known;
    const settings = {
      path: process.env.PATH ?? '',
      cwd: '/',
      env: process.env,
      cacheDir: join(this.directory, 'cache'),
    };
    const identity = await identifyToolchain(argv0, settings);
    if (!identity.ok) throw new Error(`${argv0}: ${identity.error.reason} ${identity.error.subject}`);
    this.upload(identity.value.files);
    this.#identities.set(argv0, identity.value);
    return identity.value;
  }

  upload(files: ReadonlyMap<Digest, string>): void {
    for (const [digest, source] of files) {
      const path = this.blob(digest);
      if (existsSync(path)) continue;
      mkdirSync(dirname(path), {recursive: true});
      copyFileSync(source, path);
    }
  }

  /** Puts a text into the store. */
  keep(text: string): Digest {
    const path = this.blob(digestOf(text));
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    return digestOf(text);
  }

  blob(digest: Digest): string {
    return join(this.store, 'blobs', digest.slice(0, 2), digest.slice(2));
  }

  /** The action of a compile, with its inputs uploaded. */
  async action({
    argv,
    cwd,
    outputs,
    env = {},
    extra = [],
    dependencyFlags = [],
  }: RigCompile): Promise<Action> {
    const [argv0 = '', ...words] = argv;
    const identity = await this.identify(argv0);
    const asking = words.filter((word, index) => word !== '-c' && word !== '-o' && words[index - 1] !== '-o');
    const listed = execFileSync(argv0, [...asking, '-M'], {
      cwd,
      env: {...process.env, ...env},
      encoding: 'utf8',
    });
    const headers = listed
      .replace(/^[^:]*:/, '')
      .split(/[\s\\]+/)
      .filter(word => word !== '');
    const inputs = treeOf([...headers, ...extra, '.'], cwd);
    this.upload(inputs.files);
    return {
      toolchain: identity.digest,
      program: identity.program,
      args: [identity.argv0, ...words, ...dependencyFlags],
      cwd: realpathSync(cwd),
      env: {PATH: identity.path, PWD: cwd, LC_ALL: identity.locale, ...env},
      umask: 0o022,
      inputs: {lists: [], own: inputs.tree},
      outputs: outputs.map(path => ({path, required: true})),
    };
  }

  bytes(output: OutputFile): Buffer {
    return output.inline === undefined ? readFileSync(this.blob(output.digest)) : Buffer.from(output.inline);
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readUInt32LE();
      if (this.#received.length < end) return;
      const response = decodeResponse(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
      this.#waiting.shift()?.(response!);
    }
  }

  /** Node with its own libraries at places of their own; nothing else of this machine but the store and scratch. */
  async #sandboxed(): Promise<string[]> {
    const format = programFormat(process.execPath);
    if (format.kind !== 'dynamic') throw new Error('node is not a dynamic program');
    const libraries = (await librariesOf(format.loader, process.execPath)) ?? [];
    const binds = libraries.flatMap(library => [
      '--ro-bind',
      realpathSync(library),
      `/node/lib/${basename(library)}`,
    ]);
    const loader = `/node/lib/${basename(format.loader)}`;
    return [
      'bwrap', '--unshare-all', '--die-with-parent', '--clearenv',
      '--setenv', 'LLAMA_SCRATCH', '/scratch', '--setenv', 'LLAMA_STORE', '/store', '--setenv', 'SECRET', 'of the worker',
      '--proc', '/proc', '--dev', '/dev', ...binds, '--ro-bind', realpathSync(format.loader), loader,
      '--ro-bind', process.execPath, '/node/node', '--ro-bind', join(this.directory, 'home'), '/home',
      '--bind', this.store, '/store', '--bind', join(this.directory, 'scratch'), '/scratch',
      loader, '--library-path', '/node/lib', '/node/node', '/home/worker.mjs',
    ]; // biome-ignore format: an argument line reads in pairs
  }
}

/** The tree of some files and directories as they are on this machine. */
export function treeOf(
  paths: readonly string[],
  cwd: string,
): {readonly tree: Tree; readonly files: ReadonlyMap<Digest, string>} {
  const collector = new TreeCollector();
  for (const path of paths) {
    if (collector.add(path.startsWith('/') ? path : `${cwd}/${path}`) === undefined)
      throw new Error(`no ${path}`);
  }
  const tree = collector.tree();
  const directories = tree.directories.map(({path, files}) => ({
    path,
    files: files.map(([name, digest, , executable]) => {
      const mtime = Math.floor(statSync(`${path}/${name}`).mtimeMs / 1000);
      return [name, digest, mtime, executable] as const;
    }),
  }));
  return {tree: {directories, links: tree.links}, files: collector.sources()};
}

/** A folder with files, by name. */
export function sources(files: Readonly<Record<string, string>>): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-src-')));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), {recursive: true});
    writeFileSync(join(directory, name), text);
  }
  return directory;
}
