/**
 * Runs the program with the bytecode that V8 made of it in an earlier run. To compile half a megabyte of JavaScript anew
 * takes longer than to find out that a build has nothing to do. (Node 22 has `module.enableCompileCache()` for this.)
 *
 * V8 itself refuses what another version of it made, or of another text; the file's name tells two builds of the program
 * apart whose texts are of one length. It does not notice damage, and would run whatever has come of it: a file is the
 * digest of the bytecode, and then that.
 */
import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, dirname, join} from 'node:path';
import {Script} from 'node:vm';
import {useOurFlags, withDefaultFlags} from './v8-flags.ts';

/** What the bundle exports. */
export interface Program {
  /** Whether this run has compiled so much of the program that others gain by its bytecode. */
  readonly isWorthKeeping: () => boolean;
}

/** In ms: thirty days. One that is still in use is then made anew. */
const KEPT_FOR = 30 * 86_400_000;

/**
 * `file`: a CommonJS bundle in ASCII. The bundles beside it that it requires are loaded in the same way. `folder`: where
 * bytecode is kept; one that cannot be used costs time alone.
 */
export function runProgram(file: string, folder: string): void {
  const scripts = new Scripts(folder);
  useOurFlags();
  const program = scripts.load(file) as Program;
  process.once('exit', () => {
    if (program.isWorthKeeping()) withDefaultFlags(() => scripts.keep());
  });
}

class Scripts {
  readonly #folder: string;
  /** Of bundles by their files, of all else by the words that it is required by. */
  readonly #exports = new Map<string, unknown>();
  /** Those that V8 had to compile, by the place for what it has made. */
  readonly #compiled = new Map<string, Script>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  load(file: string): unknown {
    const {mtimeMs, size} = statSync(file);
    const name = `${basename(file, '.cjs')}-${process.version}-${size}-${mtimeMs.toString(36)}.bin`;
    const place = join(this.#folder, name);
    const code = readIfThere(place);
    const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
    const script = withDefaultFlags(
      () => new Script(text, {filename: file, ...(code && {cachedData: code})}),
    );
    if (!code || script.cachedDataRejected === true) this.#compiled.set(place, script);
    const module = {exports: {}};
    const others = createRequire(file);
    const require = (word: string): unknown => {
      const isBundle = /^\.\/[^/]+\.cjs$/.test(word);
      return isBundle
        ? this.#once(join(dirname(file), word), it => this.load(it))
        : this.#once(word, it => withDefaultFlags(() => others(it)));
    };
    script.runInThisContext()(module.exports, require, module, file, dirname(file));
    return module.exports;
  }

  #once(name: string, load: (name: string) => unknown): unknown {
    if (!this.#exports.has(name)) this.#exports.set(name, load(name));
    return this.#exports.get(name);
  }

  keep(): void {
    for (const [place, script] of this.#compiled) keep(place, script.createCachedData());
  }
}

function readIfThere(place: string): Buffer | undefined {
  try {
    const bytes = readFileSync(place);
    const code = bytes.subarray(DIGEST_SIZE);
    return digestOf(code).equals(bytes.subarray(0, DIGEST_SIZE)) ? code : undefined;
  } catch {
    return undefined;
  }
}

const DIGEST_SIZE = 32;

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function keep(place: string, code: Buffer): void {
  try {
    mkdirSync(dirname(place), {recursive: true});
    const temporary = `${place}.${process.pid}`;
    writeFileSync(temporary, Buffer.concat([digestOf(code), code]));
    renameSync(temporary, place);
    removeOld(dirname(place));
  } catch {
    // Not kept, then.
  }
}

/** What versions left that nobody has run for long. */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > KEPT_FOR) rmSync(file, {force: true});
  }
}
