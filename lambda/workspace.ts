/**
 * The root folder of one toolchain on a worker: before each command it is made to hold exactly the toolchain and that
 * command's tree. It keeps what it has between commands and changes only the difference, by what it remembers: nobody
 * else may write here. It knows nothing of commands.
 */
import {
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import {join} from 'node:path';
import type {Digest} from '../src/protocol/digest.ts';
import type {Tree, TreeFile} from '../src/protocol/tree.ts';
import {BlobError, type BlobSource} from './blob-source.ts';
import {Parked} from './parked.ts';
import {SpareDirectories} from './spare-directories.ts';
import type {UnpackedToolchain} from './toolchain-store.ts';
import type {Trash} from './trash.ts';
import {checkTree, parentOf, RequestInvalid, targetInRoot} from './tree-check.ts';
import {addWithAncestors, directoriesOf} from './tree-directories.ts';

export interface WorkspaceSettings {
  /** Folder of this workspace; deleted first if it exists. Physical. */
  readonly directory: string;
  readonly toolchain: UnpackedToolchain;
  readonly blobs: Pick<BlobSource, 'get'>;
  /** At most so many bytes of files are kept that the current command does not see. */
  readonly parkedLimit: number;
  readonly trash: Trash;
  /** What the folder holds already. Default: it is made anew. */
  readonly content?: WorkspaceContent;
}

/** What lies in a root: the files that an action brought by directory, and all symbolic links. */
export interface WorkspaceContent {
  readonly directories: readonly (readonly [path: string, files: readonly (readonly [string, Entry])[]])[];
  readonly links: readonly (readonly [path: string, target: string])[];
}

interface Entry {
  readonly digest: Digest;
  readonly mtime: number;
  readonly executable: 0 | 1;
  readonly size: number;
}

/** Several blobs are wanted and not there, or not sound. */
export class BlobsUnavailable extends Error {
  readonly reason: BlobError['reason'];
  readonly digests: readonly Digest[];

  constructor(errors: readonly BlobError[]) {
    const first = errors[0] as BlobError;
    super(errors.length === 1 ? first.message : `${first.message} and ${errors.length - 1} more`);
    this.reason = first.reason;
    this.digests = errors.filter(error => error.reason === first.reason).map(error => error.digest);
  }
}

/** How many blobs are fetched at a time. */
const FETCHES = 16;

/** Invariant: the root holds the toolchain, what the maps say, and between `layOut` and `clean` what a command made. */
export class Workspace {
  readonly root: string;
  /** Set when the root can no longer be trusted; the owner throws it away. */
  spoiled = false;
  readonly #settings: WorkspaceSettings;
  readonly #parked: Parked;
  readonly #spare: SpareDirectories;
  /** Every directory, the toolchain's included, with the files that an action brought. */
  readonly #directories = new Map<string, Map<string, Entry>>();
  readonly #links = new Map<string, string>();
  readonly #fixed = {
    directories: new Set<string>(),
    files: new Map<string, Digest>(),
    links: new Map<string, string>(),
  };
  readonly #absent: ReadonlySet<string>;
  #physical = new Map<string, string | undefined>();

  constructor(settings: WorkspaceSettings) {
    this.#settings = settings;
    this.root = join(settings.directory, 'root');
    const parked = join(settings.directory, 'parked');
    const spare = join(settings.directory, 'spare');
    const left = settings.content === undefined ? [settings.directory] : [parked, spare];
    for (const path of left) settings.trash.put(path);
    mkdirSync(this.root, {recursive: true});
    this.#absent = new Set(settings.toolchain.toolchain.absent);
    this.#parked = new Parked(parked, settings.parkedLimit);
    this.#spare = new SpareDirectories(spare);
    if (settings.content === undefined) {
      this.#addDirectory('/');
      this.#installToolchain();
    } else {
      for (const [path, files] of settings.content.directories) this.#directories.set(path, new Map(files));
      for (const [path, target] of settings.content.links) this.#links.set(path, target);
    }
    this.#fixToolchain();
  }

  /** Prereq: no command is under way. */
  get content(): WorkspaceContent {
    return {
      directories: Array.from(this.#directories, ([path, files]) => [path, [...files]] as const),
      links: [...this.#links],
    };
  }

  /** Makes the root hold exactly `tree`. Throws {@link BlobsUnavailable} or `RequestInvalid`; both leave it usable. */
  async layOut(tree: Tree): Promise<void> {
    checkTree(tree, {directories: this.#directories, links: this.#fixed.links});
    const wanted = new Map<string, readonly TreeFile[]>();
    const required = new Set<string>();
    for (const {path, files} of tree.directories) {
      const before = wanted.get(path);
      wanted.set(path, before ? [...before, ...files] : files);
      addWithAncestors(path, required);
    }
    const links = new Map(tree.links);
    for (const path of links.keys()) addWithAncestors(parentOf(path), required);
    this.#physical = new Map();
    this.#removeStale(wanted, required, links);
    this.#addDirectories(required);
    this.#addLinks(links);
    await this.#addFiles(wanted, required);
  }

  /**
   * Takes away what a command has made and forgets what it has changed. Paths are the user's, as the program wrote
   * them: `written` were created or changed, `removed` are gone.
   */
  clean(written: readonly string[], removed: readonly string[]): void {
    const directories: string[] = [];
    for (const path of [...written, ...removed]) {
      const physical = this.physicalOf(path);
      if (physical === undefined) continue;
      if (this.#fixed.files.has(physical) || this.#fixed.links.has(physical)) this.spoiled = true;
      if (this.#directories.has(physical)) continue;
      this.#directories.get(parentOf(physical))?.delete(physical.slice(physical.lastIndexOf('/') + 1));
      this.#links.delete(physical);
      const status = lstatSync(this.root + physical, {throwIfNoEntry: false});
      if (status?.isDirectory()) directories.push(physical);
      else if (status) unlinkSync(this.root + physical);
    }
    for (const path of removed) {
      const physical = this.physicalOf(path);
      // A directory of the tree that was removed or renamed took files along that the maps still name.
      if (physical !== undefined && this.#directories.has(physical)) this.spoiled = true;
    }
    for (const path of directories) rmSync(this.root + path, {recursive: true, force: true});
    this.#emptyTemporaries();
  }

  /** Physical path, in the user's view, of a path as a program spelt it; undefined if its directory is not there. */
  physicalOf(path: string): string | undefined {
    const end = path.length > 1 && path.endsWith('/') ? path.replace(/\/+$/, '') || '/' : path;
    const slash = end.lastIndexOf('/');
    const name = end.slice(slash + 1);
    if (name === '' || name === '.' || name === '..') return this.#resolve(end);
    const directory = this.#resolve(slash === 0 ? '/' : end.slice(0, slash));
    if (directory === undefined) return undefined;
    return directory === '/' ? `/${name}` : `${directory}/${name}`;
  }

  /** True for a physical path of the toolchain: file, link or directory. */
  isToolchain(physical: string): boolean {
    return (
      this.#fixed.files.has(physical) ||
      this.#fixed.directories.has(physical) ||
      this.#fixed.links.has(physical)
    );
  }

  /** True for a path, as a program spelt it, that was absent already when the toolchain was packed. */
  isKnownAbsent(path: string): boolean {
    return this.#absent.has(path);
  }

  /** True for the physical path of a file that the current tree brought and no command changed. */
  isInput(physical: string): boolean {
    return (
      this.#directories.get(parentOf(physical))?.has(physical.slice(physical.lastIndexOf('/') + 1)) ?? false
    );
  }

  /** True for the physical path of a directory that the tree or the toolchain brought. */
  isDirectory(physical: string): boolean {
    return this.#directories.has(physical);
  }

  #resolve(directory: string): string | undefined {
    if (this.#directories.has(directory)) return directory;
    if (this.#physical.has(directory)) return this.#physical.get(directory);
    const physical = this.#walk(directory) ?? this.#realpath(directory);
    this.#physical.set(directory, physical);
    return physical;
  }

  /** Follows a path by what the maps know, which costs no system call; undefined where they do not reach. */
  #walk(directory: string): string | undefined {
    const words = directory.split('/').reverse();
    let at = '';
    for (let steps = 0; words.length > 0 && steps < 200; steps++) {
      const word = words.pop() as string;
      if (word === '' || word === '.') continue;
      if (word === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${word}`;
      const target = this.#links.get(next);
      if (target !== undefined) {
        if (target.startsWith('/')) at = '';
        words.push(...target.split('/').reverse());
      } else if (this.#directories.has(next)) at = next;
      else return undefined;
    }
    return words.length > 0 ? undefined : at || '/';
  }

  #realpath(directory: string): string | undefined {
    let real: string;
    try {
      real = realpathSync.native(this.root + directory);
    } catch {
      return undefined;
    }
    if (real === this.root) return '/';
    return real.startsWith(`${this.root}/`) ? real.slice(this.root.length) : undefined;
  }

  #installToolchain(): void {
    const {toolchain, directory} = this.#settings.toolchain;
    this.#addDirectories(directoriesOf(toolchain.tree));
    for (const {path, files} of toolchain.tree.directories)
      for (const [name] of files) {
        const file = path === '/' ? `/${name}` : `${path}/${name}`;
        linkSync(directory + file, this.root + file);
      }
    this.#addLinks(new Map(toolchain.tree.links));
  }

  /** Notes what no action may change. */
  #fixToolchain(): void {
    const {tree} = this.#settings.toolchain.toolchain;
    for (const {path, files} of tree.directories)
      for (const [name, digest] of files)
        this.#fixed.files.set(path === '/' ? `/${name}` : `${path}/${name}`, digest);
    for (const [path, target] of tree.links) this.#fixed.links.set(path, target);
    for (const path of directoriesOf(tree)) this.#fixed.directories.add(path);
    // Commands put temporary files there, and users may well have sources there: it is not the toolchain's.
    this.#fixed.directories.delete('/tmp');
  }

  #removeStale(
    wanted: ReadonlyMap<string, readonly TreeFile[]>,
    required: ReadonlySet<string>,
    links: Map<string, string>,
  ): void {
    for (const [path, files] of this.#directories) {
      if (files.size === 0) continue;
      const kept = new Map((wanted.get(path) ?? []).map(file => [file[0], file]));
      for (const [name, entry] of files) {
        if (isSame(kept.get(name), entry)) continue;
        files.delete(name);
        this.#parked.park(keyOf(path, name, entry), `${this.root}${path}/${name}`, entry.size);
      }
    }
    for (const [path, target] of this.#links) {
      if (this.#fixed.links.has(path) || links.get(path) === target) continue;
      unlinkSync(this.root + path);
      this.#links.delete(path);
    }
    const unwanted = [...this.#directories.keys()].filter(
      path => !required.has(path) && !this.#isPermanent(path),
    );
    for (const path of unwanted.sort((one, other) => other.length - one.length)) {
      this.#spare.put(this.root + path);
      this.#directories.delete(path);
    }
  }

  #addDirectories(required: ReadonlySet<string>): void {
    const absent = [...required].filter(path => !this.#directories.has(path));
    for (const path of absent.sort((one, other) => one.length - other.length)) {
      this.#spare.take(this.root + path);
      this.#addDirectory(path);
    }
  }

  #addDirectory(path: string): void {
    this.#directories.set(path, new Map());
  }

  #addLinks(links: ReadonlyMap<string, string>): void {
    for (const [path, target] of links) {
      const there = this.#links.get(path);
      if (there === target) continue;
      if (there !== undefined) throw new RequestInvalid(`link '${path}' differs from the toolchain's`);
      symlinkSync(targetInRoot(this.root, path, target), this.root + path);
      this.#links.set(path, target);
    }
  }

  async #addFiles(
    wanted: ReadonlyMap<string, readonly TreeFile[]>,
    required: ReadonlySet<string>,
  ): Promise<void> {
    const absent: {readonly path: string; readonly file: TreeFile}[] = [];
    for (const [path, files] of wanted) {
      const there = this.#directories.get(path) as Map<string, Entry>;
      const shared = this.#fixed.directories.has(path);
      for (const file of files) {
        if (there.has(file[0])) continue;
        const full = path === '/' ? `/${file[0]}` : `${path}/${file[0]}`;
        if (required.has(full) || this.#links.has(full))
          throw new RequestInvalid(`'${full}' is a file and something else too`);
        const own = shared ? this.#fixed.files.get(full) : undefined;
        if (own === file[1]) continue;
        if (own !== undefined) throw new RequestInvalid(`'${full}' differs from the toolchain's file`);
        absent.push({path, file});
      }
    }
    const errors: BlobError[] = [];
    for (let start = 0; start < absent.length; start += FETCHES) {
      const batch = absent.slice(start, start + FETCHES).map(({path, file}) => this.#addFile(path, file));
      for (const outcome of await Promise.allSettled(batch)) {
        if (outcome.status === 'fulfilled') continue;
        if (!(outcome.reason instanceof BlobError)) throw outcome.reason;
        errors.push(outcome.reason);
      }
    }
    if (errors.length > 0) throw new BlobsUnavailable(errors);
  }

  async #addFile(path: string, [name, digest, mtime, executable]: TreeFile): Promise<void> {
    const there = this.#directories.get(path) as Map<string, Entry>;
    const full = `${this.root}${path}/${name}`;
    const key = keyOf(path, name, {digest, mtime, executable});
    const size = this.#parked.unpark(key, full);
    if (size !== undefined) {
      there.set(name, {digest, mtime, executable, size});
      return;
    }
    const bytes = await this.#settings.blobs.get(digest);
    const handle = openSync(full, 'wx', executable ? 0o755 : 0o644);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
      futimesSync(handle, mtime, mtime);
    } catch (error) {
      // A file that the maps do not name would be seen by every later command.
      unlinkSync(full);
      throw error;
    } finally {
      closeSync(handle);
    }
    there.set(name, {digest, mtime, executable, size: bytes.length});
  }

  /** Programs killed on the way leave temporary files that no record need name. */
  #emptyTemporaries(): void {
    const files = this.#directories.get('/tmp');
    for (const name of readdirSync(`${this.root}/tmp`)) {
      if (files?.has(name) || this.#directories.has(`/tmp/${name}`) || this.#links.has(`/tmp/${name}`))
        continue;
      rmSync(`${this.root}/tmp/${name}`, {recursive: true, force: true});
    }
  }

  #isPermanent(path: string): boolean {
    return path === '/tmp' || this.#fixed.directories.has(path);
  }
}

function keyOf(path: string, name: string, entry: Omit<Entry, 'size'>): string {
  return `${path}/${name}\0${entry.digest}${entry.mtime}.${entry.executable}`;
}

function isSame(file: TreeFile | undefined, entry: Entry): boolean {
  return (
    file !== undefined && file[1] === entry.digest && file[2] === entry.mtime && file[3] === entry.executable
  );
}
