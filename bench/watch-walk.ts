/**
 * A long walk of random edits on re2 under one `llama watch`: after each, once the watch is at rest, ninja has nothing to
 * do; every now and then, and wherever ninja could not know of the edit, all that was built is what ninja makes of the
 * same sources in a directory of its own; from nothing after the first checkout of each tag and at the end.
 */
import {rm} from 'node:fs/promises';
import {configure, project} from './corpus.ts';
import {random} from './edits.ts';
import {type BuildAt, depsLog, outputsOf} from './ninja.ts';
import {check, place, say} from './place.ts';
import {must, run} from './process.ts';
import {writeResult} from './results.ts';
import {compare, snapshot} from './snapshot.ts';
import {re2WithTwoTags} from './two-tags.ts';
import {type Inputs, type Step, WalkEdits} from './walk-edits.ts';
import {type WatchEvent, WatchProcess} from './watch-process.ts';

/** Steps from one comparison with ninja's own build to the next. */
const COMPARED_EVERY = 20;
/** Without an optimiser: what is looked at is what is compiled, and when. */
const QUICK = '-DCMAKE_CXX_FLAGS_RELEASE=';
/** What ninja builds is compiled once for each content; a new header may hide another one, which only preprocessing tells. */
const CCACHE = {CCACHE_DIR: place('ccache'), CCACHE_NODIRECT: '1', CCACHE_MAXSIZE: '5G'};

export interface WalkCount {
  readonly count: number;
  readonly seed: number;
}

/** Gives whether all of it was right. */
export async function walk({count, seed}: WalkCount): Promise<boolean> {
  say(`re2: a walk of ${count} random edits under a watch, seed ${seed}`);
  const source = await re2WithTwoTags('watch-walk');
  const of = {project: project('re2'), type: 'Release', source} as const;
  const at: BuildAt = {directory: await configure({...of, suffix: '-walk', options: [QUICK]}), targets: []};
  const byNinja = await configure({
    ...of,
    suffix: '-walk-ninja',
    options: [QUICK, '-DCMAKE_CXX_COMPILER_LAUNCHER=ccache'],
  });
  const store = place('store', 'watch-walk');
  await rm(store, {recursive: true, force: true});
  const watch = new WatchProcess(at, ['--store', store]);
  try {
    await watch.until('ready');
    const walk = new Walk(source, {at, watch, peer: {directory: byNinja, targets: []}, seed});
    const wrong = await walk.run(count);
    await writeResult('watch-walk', {count, seed, wrong, ...walk.counts});
    return wrong === 0;
  } finally {
    await watch.end();
  }
}

interface WalkPlace {
  readonly at: BuildAt;
  readonly watch: WatchProcess;
  /** Where ninja builds the same sources. */
  readonly peer: BuildAt;
  readonly seed: number;
}

class Walk {
  readonly #source: string;
  readonly #place: WalkPlace;
  readonly #edits: WalkEdits;
  readonly #compared = new Set<string>();
  #inputs: Inputs = {sources: [], headers: []};
  #hasHung = false;
  readonly counts = {builds: 0, compiles: 0, comparisons: 0, clean_builds: 0};

  constructor(source: string, of: WalkPlace) {
    this.#source = source;
    this.#place = of;
    this.#edits = new WalkEdits({
      source,
      next: random(of.seed),
      untilBegun: async () => {
        this.#tally(await of.watch.until('began'));
      },
    });
  }

  /** Gives how many steps were followed by something wrong. */
  async run(count: number): Promise<number> {
    let wrong = 0;
    let isDue = false;
    for (let index = 1; index <= count; index++) {
      await this.#lookAtInputs();
      const step = await this.#edits.step(this.#inputs);
      isDue ||= index % COMPARED_EVERY === 0 || step.leaves === 'unseen' || this.#isNew(step);
      const problems = await this.#problems(step, isDue).catch(error => this.#hung(error));
      if (step.leaves !== 'broken') isDue = false;
      if (!check(problems.length === 0, `${index}. ${step.what}`)) wrong++;
      for (const problem of problems.slice(0, 8)) say(`        ${problem.slice(0, 300)}`);
      // Whoever has missed a change is no longer where the walk is.
      if (this.#hasHung) return wrong;
    }
    const last = await this.#edits.mend();
    if (last) await this.#settled(last);
    const problems = await this.#differences('compiled');
    for (const problem of problems.slice(0, 8)) say(`        ${problem.slice(0, 300)}`);
    const {builds, compiles, comparisons} = this.counts;
    const text = `${count} edits: ${builds} builds, ${compiles} compiles, ${comparisons} comparisons; at the end as a clean build`;
    return check(problems.length === 0, text) ? wrong : wrong + 1;
  }

  /** Whether it is the first checkout of a tag. */
  #isNew({what}: Step): boolean {
    if (!what.startsWith('git checkout') || this.#compared.has(what)) return false;
    this.#compared.add(what);
    return true;
  }

  async #problems(step: Step, isDue: boolean): Promise<string[]> {
    await this.#settled(step);
    if (step.leaves === 'broken') return [];
    if (!isDue) return [];
    const isClean = step.leaves === 'unseen' || step.what.startsWith('git checkout');
    return this.#differences(isClean ? 'clean' : 'incremental');
  }

  /** Waits until the watch has done what there is to do. Prereq: whatever is to be built was changed before the call. */
  async #settled({leaves}: Step): Promise<void> {
    const {at, watch} = this.#place;
    if (leaves === 'broken') {
      for (let result: string | undefined; result !== 'failed'; ) {
        const events = await watch.until('ready');
        this.#tally(events);
        result = events.findLast(({type}) => type === 'built')?.result;
      }
      return;
    }
    if (leaves === 'unseen') this.#tally(await watch.until('ready'));
    this.#tally(await watch.rest());
    while (!(await must(['ninja', '-n'], {cwd: at.directory})).stdout.includes('no work to do')) {
      this.#tally(await watch.until('ready'));
      this.#tally(await watch.rest());
    }
  }

  async #hung(error: Error): Promise<string[]> {
    this.#hasHung = true;
    const {stdout, stderr} = await run(['ninja', '-n'], {cwd: this.#place.at.directory});
    return [error.message, ...`${stdout}${stderr}`.split('\n').slice(0, 5)];
  }

  /** How what was built differs from what ninja makes: of what it has, from nothing, or with no ccache either. */
  async #differences(how: 'incremental' | 'clean' | 'compiled'): Promise<string[]> {
    const {at, peer} = this.#place;
    this.counts.comparisons++;
    if (how !== 'incremental') {
      this.counts.clean_builds++;
      await must(['ninja', '-t', 'clean'], {cwd: peer.directory});
    }
    const env = how === 'compiled' ? {...CCACHE, CCACHE_DISABLE: '1'} : CCACHE;
    await must(['ninja'], {cwd: peer.directory, env});
    const differences = compare(await snapshot(peer), await snapshot(at));
    return differences
      .filter(({what}) => what !== 'nothing left over')
      .flatMap(({lines, what}) => lines.map(line => `${what}: ${line}`));
  }

  /** While the project is broken, what was there before. */
  async #lookAtInputs(): Promise<void> {
    const {at} = this.#place;
    if (this.#edits.isBroken) return;
    const deps = await depsLog(at);
    const read = new Set((await outputsOf(at)).flatMap(output => deps[output] ?? []));
    const own = [...read].filter(file => file.startsWith(`${this.#source}/`)).sort();
    this.#inputs = {
      sources: own.filter(file => file.endsWith('.cc')),
      headers: own.filter(file => file.endsWith('.h')),
    };
  }

  #tally(events: readonly WatchEvent[]): void {
    for (const {type, compiles = 0} of events) {
      if (type !== 'built') continue;
      this.counts.builds++;
      this.counts.compiles += compiles;
    }
  }
}
