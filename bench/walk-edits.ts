/**
 * Random edits as developers make them while a build watches: one kind for each way in which a file comes, goes or
 * changes. It knows what each leaves behind, and nothing of how that is looked at.
 */
import {existsSync} from 'node:fs';
import {copyFile, mkdir, readFile, rename, rm, utimes, writeFile} from 'node:fs/promises';
import {basename, dirname, join, relative} from 'node:path';
import {pick} from './edits.ts';
import {renameIncluded, withCode, withComment} from './source-code.ts';
import {checkOut, filesOf, type Tag} from './two-tags.ts';

export interface Step {
  readonly what: string;
  /**
   * `fine`: a project that can be built. `broken`: one that cannot. `unseen`: one with something to build of which a
   * plain ninja knows nothing, since its records name only what was read.
   */
  readonly leaves: 'fine' | 'broken' | 'unseen';
}

/** Files that the build reads now, absolute. */
export interface Inputs {
  readonly sources: readonly string[];
  readonly headers: readonly string[];
}

export interface WalkOptions {
  readonly source: string;
  readonly next: () => number;
  /** Waits until the build has begun that an edit is the cause of. */
  readonly untilBegun: () => Promise<void>;
}

interface Kind {
  /** How often it comes, relative to the others. */
  readonly weight: number;
  readonly isPossible?: () => boolean;
  /** Says what it did. */
  readonly apply: (inputs: Inputs) => Promise<string>;
}

interface Renamed {
  readonly from: string;
  readonly to: string;
}

export class WalkEdits {
  readonly #options: WalkOptions;
  #count = 0;
  #tag: Tag = 'v1';
  /** What makes a broken project whole again. */
  #mend: (() => Promise<string>) | undefined;
  #renamed: Renamed[] = [];
  /** Sources of the walk's own in CMakeLists.txt. */
  #added: string[] = [];
  /** A header that stands before another one by the same name. */
  #hiding: string | undefined;
  #isUnseen = false;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  get isBroken(): boolean {
    return this.#mend !== undefined;
  }

  /** Makes one random step. */
  async step(inputs: Inputs): Promise<Step> {
    this.#isUnseen = false;
    const isThere = (file: string) => file !== this.#hiding && existsSync(file);
    const what = await this.#step({
      sources: inputs.sources.filter(isThere),
      headers: inputs.headers.filter(isThere),
    });
    const leaves = this.#mend !== undefined ? 'broken' : this.#isUnseen ? 'unseen' : 'fine';
    return {what, leaves};
  }

  /** Makes the project whole if it is broken. */
  async mend(): Promise<Step | undefined> {
    const mend = this.#mend;
    this.#mend = undefined;
    return mend === undefined ? undefined : {what: await mend(), leaves: 'fine'};
  }

  async #step(inputs: Inputs): Promise<string> {
    if (this.#mend !== undefined && this.#options.next() < 0.5) return (await this.mend())!.what;
    return this.#choose(this.#mend === undefined ? this.#kinds : this.#edits).apply(inputs);
  }

  #choose(kinds: readonly Kind[]): Kind {
    const possible = kinds.filter(kind => kind.isPossible?.() ?? true);
    let rest = this.#options.next() * possible.reduce((sum, kind) => sum + kind.weight, 0);
    return possible.find(kind => {
      rest -= kind.weight;
      return rest < 0;
    })!;
  }

  /** Those that break nothing and can be made many at once. */
  readonly #edits: readonly Kind[] = [
    {weight: 3, apply: ({sources}) => this.#edit(sources, withComment)},
    {weight: 4, apply: ({sources}) => this.#edit(sources, withCode)},
    {weight: 1, apply: ({headers}) => this.#edit(headers, withComment)},
    {weight: 1, apply: ({headers}) => this.#edit(headers, withCode)},
    {weight: 4, apply: ({sources}) => this.#saveByRename(sources)},
    {weight: 1, apply: ({headers}) => this.#saveByRename(headers)},
    {weight: 3, apply: ({sources, headers}) => this.#touch([...sources, ...headers])},
  ];

  readonly #kinds: readonly Kind[] = [
    ...this.#edits,
    {weight: 3, apply: inputs => this.#burst(inputs)},
    {weight: 4, apply: inputs => this.#editDuringBuild(inputs)},
    {weight: 3, apply: ({sources}) => this.#breakCode(sources)},
    {weight: 1, apply: ({headers}) => this.#breakCode(headers)},
    {weight: 2, apply: ({headers}) => this.#delete(headers)},
    {weight: 1, apply: ({sources}) => this.#delete(sources)},
    {weight: 1, apply: ({headers}) => this.#deleteForAMoment(headers)},
    {weight: 2, apply: ({headers}) => this.#rename(headers)},
    {weight: 2, isPossible: () => this.#renamed.length > 0, apply: () => this.#renameBack()},
    {weight: 2, apply: () => this.#addSource()},
    {weight: 2, isPossible: () => this.#added.length > 0, apply: () => this.#removeSource()},
    {weight: 2, apply: ({sources}) => this.#includeMissing(sources)},
    {weight: 1, apply: () => this.#breakLists()},
    {weight: 1, apply: () => this.#moveFolder()},
    {weight: 2, isPossible: () => this.#hiding === undefined, apply: ({headers}) => this.#hide(headers)},
    {weight: 2, isPossible: () => this.#hiding !== undefined, apply: () => this.#show()},
    {weight: 4, apply: () => this.#checkOut()},
  ];

  readonly #editsDuringBuild: readonly Kind[] = [...this.#edits, {weight: 3, apply: () => this.#checkOut()}];

  async #edit(files: readonly string[], change: typeof withCode): Promise<string> {
    const file = pick(files, this.#options.next);
    await writeFile(file, change(await readFile(file, 'utf8'), ++this.#count));
    return `${change === withCode ? 'code' : 'comment'} in ${this.#shown(file)}`;
  }

  async #saveByRename(files: readonly string[]): Promise<string> {
    const file = pick(files, this.#options.next);
    const saved = join(dirname(file), `.${basename(file)}.swp`);
    await writeFile(saved, withCode(await readFile(file, 'utf8'), ++this.#count));
    await rename(saved, file);
    return `${this.#shown(file)} saved by rename`;
  }

  async #touch(files: readonly string[]): Promise<string> {
    const file = pick(files, this.#options.next);
    const now = new Date();
    await utimes(file, now, now);
    return `${this.#shown(file)} touched`;
  }

  async #burst(inputs: Inputs): Promise<string> {
    const size = 3 + Math.floor(this.#options.next() * 6);
    const all: string[] = [];
    for (let edit = 0; edit < size; edit++) all.push(await this.#choose(this.#edits).apply(inputs));
    return `at once: ${all.join(', ')}`;
  }

  async #editDuringBuild(inputs: Inputs): Promise<string> {
    const first = await this.#choose(this.#edits).apply(inputs);
    await this.#options.untilBegun();
    return `${first}; while that is built: ${await this.#choose(this.#editsDuringBuild).apply(inputs)}`;
  }

  async #breakCode(files: readonly string[]): Promise<string> {
    const file = pick(files, this.#options.next);
    const whole = await readFile(file, 'utf8');
    await writeFile(file, `${whole}int broken(\n`);
    this.#mend = async () => {
      await writeFile(file, whole);
      return `mended ${this.#shown(file)}`;
    };
    return `broke ${this.#shown(file)}`;
  }

  /** It comes back as it was, from where it was moved to, or written anew. */
  async #delete(files: readonly string[]): Promise<string> {
    const file = pick(files, this.#options.next);
    const isMoved = this.#options.next() < 0.5;
    const aside = `${this.#options.source}.aside`;
    await rename(file, aside);
    this.#mend = async () => {
      if (isMoved) await rename(aside, file);
      else await copyFile(aside, file);
      return `${this.#shown(file)} ${isMoved ? 'moved' : 'written'} back`;
    };
    return `deleted ${this.#shown(file)}`;
  }

  async #deleteForAMoment(files: readonly string[]): Promise<string> {
    const file = pick(files, this.#options.next);
    const text = await readFile(file);
    await rm(file);
    await writeFile(file, text);
    return `${this.#shown(file)} deleted and written again`;
  }

  async #rename(headers: readonly string[]): Promise<string> {
    const from = this.#shown(pick(headers, this.#options.next));
    const to = from.replace(/\.h$/, `_${++this.#count}.h`);
    const includers = await this.#move({from, to});
    this.#renamed.push({from, to});
    return `${from} renamed to ${to}, with ${includers} includers`;
  }

  async #renameBack(): Promise<string> {
    const {from, to} = this.#renamed.pop()!;
    const includers = await this.#move({from: to, to: from});
    return `${to} renamed back to ${from}, with ${includers} includers`;
  }

  async #move({from, to}: Renamed): Promise<number> {
    const {source} = this.#options;
    await rename(join(source, from), join(source, to));
    return renameIncluded(await filesOf(source), from, to);
  }

  async #addSource(): Promise<string> {
    const name = `util/added_${++this.#count}.cc`;
    await writeFile(join(this.#options.source, name), withCode('', this.#count));
    await this.#editLists(text => text + lineFor(name));
    this.#added.push(name);
    return `${name} added to CMakeLists.txt`;
  }

  async #removeSource(): Promise<string> {
    const name = this.#added.pop()!;
    await this.#editLists(text => text.replace(lineFor(name), ''));
    await rm(join(this.#options.source, name));
    return `${name} taken out of CMakeLists.txt`;
  }

  /** What is included comes later, in a folder of its own. */
  async #includeMissing(sources: readonly string[]): Promise<string> {
    const file = pick(sources, this.#options.next);
    const number = ++this.#count;
    const name = `util/new_${number}/part.h`;
    const folder = dirname(join(this.#options.source, name));
    if (this.#options.next() < 0.5) await mkdir(folder);
    await writeFile(file, `#include "${name}"\n${await readFile(file, 'utf8')}`);
    this.#mend = async () => {
      await mkdir(folder, {recursive: true});
      await writeFile(join(folder, 'part.h'), withCode('', number));
      return `wrote ${name}`;
    };
    return `${this.#shown(file)} includes ${name}, which is not there`;
  }

  async #breakLists(): Promise<string> {
    await this.#editLists(text => `${text}add_library(\n`);
    this.#mend = async () => {
      await this.#editLists(text => text.replace(/add_library\(\n$/, ''));
      return 'mended CMakeLists.txt';
    };
    return 'broke CMakeLists.txt';
  }

  async #editLists(edit: (text: string) => string): Promise<void> {
    const file = join(this.#options.source, 'CMakeLists.txt');
    await writeFile(file, edit(await readFile(file, 'utf8')));
  }

  async #moveFolder(): Promise<string> {
    const folder = join(this.#options.source, pick(['util', 're2', 're2/testing'], this.#options.next));
    await rename(folder, `${folder}.aside`);
    await rename(`${folder}.aside`, folder);
    return `${this.#shown(folder)} moved away and back`;
  }

  /** A header by the same name, with another content, where some of its includers look first. */
  async #hide(headers: readonly string[]): Promise<string> {
    const {source, next} = this.#options;
    const header = pick(headers, next);
    const name = this.#shown(header);
    const folders = new Set<string>();
    for (const file of await filesOf(source)) {
      // No build has it: nobody would look there.
      if (this.#shown(file).startsWith('re2/fuzzing/')) continue;
      const text = await readFile(file, 'utf8');
      if (text.includes(`#include "${name}"`)) folders.add(dirname(file));
    }
    const folder = pick([...folders].sort(), next);
    const hiding = join(folder, name);
    await mkdir(dirname(hiding), {recursive: true});
    await writeFile(hiding, withCode(await readFile(header, 'utf8'), ++this.#count));
    this.#hiding = hiding;
    this.#isUnseen = true;
    return `${name} hidden by ${this.#shown(hiding)}`;
  }

  async #show(): Promise<string> {
    const hiding = this.#hiding!;
    this.#hiding = undefined;
    await rm(dirname(hiding), {recursive: true});
    return `${this.#shown(hiding)} removed with its folder`;
  }

  async #checkOut(): Promise<string> {
    this.#tag = this.#tag === 'v1' ? 'v2' : 'v1';
    await checkOut(this.#options.source, this.#tag);
    this.#renamed = [];
    this.#added = [];
    this.#hiding = undefined;
    return `git checkout ${this.#tag}`;
  }

  #shown(file: string): string {
    return relative(this.#options.source, file);
  }
}

function lineFor(name: string): string {
  return `target_sources(re2 PRIVATE ${name})\n`;
}
