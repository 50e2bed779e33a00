/** Small source trees in temporary folders, scanned and compared to what a real compiler says of them. */
import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {onTestFinished} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {digestOf} from '../protocol/digest.ts';
import {parseCompile} from '../toolchain/command-line.ts';
import {scanRequestOf, searchRequestOf} from '../toolchain/compile-search.ts';
import {parseDepfile} from '../toolchain/depfile.ts';
import type {ScanRequest, ScanResult} from '../toolchain/include-scan.ts';
import {IncludeScanner} from '../toolchain/include-scanner.ts';
import {InputFiles} from '../toolchain/input-files.ts';
import {type SearchPath, SearchPaths} from '../toolchain/search-path.ts';

/** Those of the compilers we compare ourselves with that this machine has; g++ and gcc are always among them. */
export const CXX = ['g++', 'clang++-14', 'clang++-19'].filter(isInstalled);
export const CC = ['gcc', 'clang-14', 'clang-19'].filter(isInstalled);

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], {stdio: 'ignore'}).status === 0;
}

/** Contents by path below a fresh folder, `-> TARGET` for a symlink, a trailing slash for an empty directory. */
export function plant(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'llama-scan-')));
  onTestFinished(() => rmSync(root, {recursive: true, force: true}));
  for (const [name, content] of Object.entries(files)) write(root, name, content);
  return root;
}

export function write(root: string, name: string, content: string): void {
  const path = join(root, name);
  mkdirSync(name.endsWith('/') ? path : dirname(path), {recursive: true});
  if (name.endsWith('/')) return;
  if (content.startsWith('-> ')) symlinkSync(content.slice(3), path);
  else writeFileSync(path, content);
  if (content.startsWith('#!')) chmodSync(path, 0o755);
}

/** A scan's answer with paths in place of numbers. */
export type NamedScan = Omit<ScanResult, 'files' | 'data'> & {readonly files: readonly string[]};

/** One process' worth of scanning in one directory. */
export class ScanRig {
  readonly files = new FileState();
  readonly #inputs = new InputFiles();
  readonly #scanner: IncludeScanner;
  readonly #paths = new SearchPaths();
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;

  /** `mostBytes`: what the scanner may remember of search paths that are not in use; by default its own limit. */
  constructor(cwd: string, env: NodeJS.ProcessEnv = {}, mostBytes?: number) {
    this.#scanner = new IncludeScanner(this.files, this.#inputs, mostBytes);
    this.#cwd = cwd;
    this.#env = {...process.env, ...env};
  }

  async search(command: string): Promise<SearchPath> {
    const {compile, family} = compileOf(command);
    const request = searchRequestOf(compile, {
      program: compile.compiler,
      family,
      toolchain: digestOf(''),
      cwd: this.#cwd,
      env: this.#env,
    });
    const search = await this.#paths.find(request);
    if (!search.ok) throw new Error(search.error.text);
    return search.value;
  }

  /** `command` has no quotes. */
  async scan(command: string): Promise<NamedScan> {
    return this.ask(scanRequestOf(compileOf(command).compile, await this.search(command)));
  }

  ask(request: ScanRequest): NamedScan {
    const {files, data, ...rest} = this.#scanner.scan(request);
    return {...rest, files: [...files.members(), ...data].map(id => this.#inputs.at(id).path)};
  }

  /** What `-M` with the same flags lists, by the scanner's spelling. Throws where the compiler refuses. */
  dependencies(command: string): string[] {
    const [program = '', ...args] = command.split(' ').filter(word => word !== '-c');
    const output = execFileSync(program, [...args, '-M'], {
      cwd: this.#cwd,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const depfile = parseDepfile(output);
    if (!depfile.ok) throw new Error(depfile.text);
    return depfile.inputs.map(path => plain(path.startsWith('/') ? path : `${this.#cwd}/${path}`));
  }

  /** Included files that the scan missed: none, if it works. */
  async missed(command: string): Promise<string[]> {
    const scan = await this.scan(command);
    const found = new Set(scan.files.map(plain));
    return this.dependencies(command).filter(path => !found.has(path));
  }

  /** The scan's files below the working directory, relative to it. */
  own(scan: NamedScan): string[] {
    return scan.files
      .map(plain)
      .filter(path => path.startsWith(`${this.#cwd}/`))
      .map(path => path.slice(this.#cwd.length + 1))
      .sort();
  }
}

function compileOf(command: string) {
  const parsed = parseCompile(command.split(' '));
  if (parsed.kind !== 'compile') throw new Error(`${parsed.why}: ${command}`);
  const family: 'gcc' | 'clang' = command.startsWith('clang') ? 'clang' : 'gcc';
  return {compile: parsed.compile, family};
}

/** Without what changes nothing about the file meant: `/./` and repeated slashes. */
function plain(path: string): string {
  return path.replace(/\/(?:\.?\/)+/g, '/');
}
