/** One copy of a fixture with a Makefile in a rig, to be built by make itself and by `llama make` at the same path. */
import {cp, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {expect} from 'vitest';
import {differences, type FileTree, fileTree} from './file-tree.ts';
import {check, FIXTURES} from './project.ts';
import type {LlamaOptions, LlamaRun, Rig} from './rig.ts';
import type {Run, Running} from './run.ts';
import {expectNothingLeft} from './same-as-ninja.ts';

/** What make itself made, and what it said when it was called once more. */
export interface MadeByMake {
  readonly tree: FileTree;
  readonly again: string;
}

export class MakeProject {
  readonly rig: Rig;
  readonly directory: string;
  readonly #fixture: string;

  private constructor(rig: Rig, fixture: string) {
    this.rig = rig;
    this.#fixture = fixture;
    this.directory = join(rig.scratch, rig.unique(fixture));
  }

  static async open(rig: Rig, fixture: string): Promise<MakeProject> {
    const project = new MakeProject(rig, fixture);
    await project.renew();
    return project;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** As it was before anybody built it. */
  async renew(): Promise<void> {
    await rm(this.directory, {recursive: true, force: true});
    await cp(join(FIXTURES, this.#fixture), this.directory, {recursive: true, preserveTimestamps: true});
  }

  make(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Run> {
    return this.rig.run('make', args, {cwd: this.directory, env: {...this.rig.env, ...env}});
  }

  start(args: readonly string[] = [], options: LlamaOptions = {}): Running {
    return this.rig.startRaw(['make', '--store', this.rig.store, ...args], {cwd: this.directory, ...options});
  }

  /** Runs `llama make ARGS` and reads the summary that it wrote. */
  async llama(args: readonly string[] = [], options: LlamaOptions = {}): Promise<LlamaRun> {
    const file = join(this.rig.scratch, `${this.rig.unique('summary')}.json`);
    const done = await this.start(['--summary', file, ...args], options).done;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return text === undefined ? done : {...done, summary: JSON.parse(text)};
  }

  /** Builds it by make alone, and leaves it as new. */
  async byMake(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<MadeByMake> {
    await this.renew();
    await check(this.make(args, env));
    const tree = await fileTree(this.directory);
    const again = await check(this.make(args, env));
    await this.renew();
    return {tree, again: again.all};
  }

  /** Builds it by `llama make` as new, and expects what make itself made, and nothing but that. */
  async expectSame(
    made: MadeByMake,
    args: readonly string[] = [],
    options: LlamaOptions = {},
  ): Promise<LlamaRun> {
    const built = await this.llama(args, options);
    expect(built.status, built.all).toBe(0);
    expect(differences(made.tree, await fileTree(this.directory))).toEqual([]);
    await expectNothingLeft(this.rig);
    const again = await check(this.make(args, options.env));
    expect(again.all).toBe(made.again);
    return built;
  }
}
