/**
 * `llama watch`: build, wait for a change, build again. The graph, what is known of files, the cloud and its workers live
 * from one build to the next; the directory is ours only while a build runs, so that other tools may build there too.
 *
 *     building --ended--> resting --a watched file changed, r--> building
 *         \______________________ q, a signal: ended ______________________/
 */

import {type BuildContext, type Look, lookAt} from '../engine/look.ts';
import {combine, type Summary} from '../event.ts';
import {FailureError} from '../failure.ts';
import type {NodeId} from '../graph/graph.ts';
import {statFrom} from '../graph/node-times.ts';
import type {WatchOptions} from '../options/options.ts';
import {failureText} from '../ui/failure-text.ts';
import {createWatchDisplay, type WatchDisplay} from '../ui/watch-display.ts';
import {collectInPauses} from '../v8-flags.ts';
import {WatchLimitError} from '../watch/directory-watches.ts';
import {FileWatch, type FileWatchOptions} from '../watch/file-watch.ts';
import {onNetwork} from '../watch/network-file-system.ts';
import {ProgramRun} from '../watch/program-run.ts';
import type {Changes} from '../watch/settling.ts';
import {atLocation, loader, markWorked} from './build.ts';
import {changedFiles, type LastBuild} from './changed-files.ts';
import {DescriptionFile} from './description-file.ts';
import {displayOptions} from './display-options.ts';
import {Interruption, STATUS} from './interruption.ts';
import {type Keys, readKeys} from './keys.ts';
import {Session} from './session.ts';
import {print} from './standard-output.ts';
import {checkSummaryPlace, SummaryOfEach} from './summary-file.ts';
import {WatchLooks} from './watch-looks.ts';
import {WatchedFiles} from './watched-files.ts';

/** Answers the exit status. @throws FailureError for everything that keeps the first build from starting */
export function watch(options: WatchOptions, began: number): Promise<number> {
  checkSummaryPlace(options.summary);
  return atLocation(options, began, async context => {
    const description = new DescriptionFile(context, await loader(context));
    const first = lookAt(description.load(), context.location.targets);
    markWorked();
    collectInPauses();
    return new Watch(options, context, description, await watcherOf(options)).run(first);
  });
}

/** Whoever does not ask for polling does not wait for its library. */
async function watcherOf({poll}: WatchOptions): Promise<FileWatchOptions['watcher']> {
  if (poll === undefined) return undefined;
  const {PolledDirectories} = await import('../watch/polled-directories.ts');
  return listener => new PolledDirectories(listener, poll * 1000);
}

/** Why the next build is made. */
interface Cause {
  /** What the build before it has left: there is no third one without a change. */
  readonly isRest?: boolean;
  /** Absolute paths. */
  readonly changed: readonly string[];
  readonly isBurst: boolean;
  readonly look: Look;
}

class Watch {
  readonly #options: WatchOptions;
  readonly #context: BuildContext;
  readonly #description: DescriptionFile;
  readonly #display: WatchDisplay;
  readonly #interruption: Interruption;
  readonly #files: FileWatch;
  #watched: WatchedFiles | undefined;
  #session!: Session;
  #summary: SummaryOfEach | undefined;
  #program: ProgramRun | undefined;
  #looks!: WatchLooks;
  /** Whether compiles of the running build were started anew: what had ended before may have to follow. */
  #hasRestarted = false;
  #last: LastBuild | undefined;
  /** Whether the last build left something to be mended. */
  #hasFailed = false;
  /** Ends the wait for a change: a key or a signal. */
  #rest = new AbortController();
  #isAsked = false;
  #hasQuit = false;

  constructor(
    options: WatchOptions,
    context: BuildContext,
    description: DescriptionFile,
    watcher: FileWatchOptions['watcher'],
  ) {
    this.#options = options;
    this.#files = new FileWatch({
      onRest: changes => this.#restartReaders(changes),
      ...(watcher === undefined ? {} : {watcher}),
    });
    this.#context = context;
    this.#description = description;
    this.#display = createWatchDisplay({
      ...displayOptions(context),
      hasKeys: process.stdin.isTTY === true,
      clears: options.clear && process.stderr.isTTY === true,
      json: options.json ? print : undefined,
    });
    this.#interruption = new Interruption({
      onFirst: () => this.#rest.abort(),
      onSecond: () => this.#close(undefined),
    });
  }

  async run(first: Look): Promise<number> {
    const {report} = this.#display;
    let keys: Keys | undefined;
    try {
      this.#session = await Session.open({
        context: this.#context,
        load: this.#description.load,
        report: combine(event => this.#summary?.add(event), report),
        interruption: this.#interruption,
      });
      const {cloud, processes, engine} = this.#session;
      const {summary} = this.#options;
      if (summary !== undefined) this.#summary = new SummaryOfEach(summary, {cloud, engine});
      this.#looks = new WatchLooks({
        targets: this.#context.location.targets,
        description: this.#description,
        engine,
        tell: failure => this.#tellFailure(failure),
      });
      report({type: 'cloud-ready', text: cloud.description});
      if (this.#options.run !== undefined) this.#program = this.#programRun(this.#options.run, processes);
      keys = readKeys(key => this.#onKey(key));
      for (const text of first.project.warnings) report({type: 'note', level: 'warning', text});
      await this.#loop(first);
      await this.#program?.stop();
      await cloud.close();
      return this.#interruption.name === undefined ? 0 : STATUS[this.#interruption.name];
    } finally {
      this.#close(keys);
    }
  }

  async #loop(first: Look): Promise<void> {
    const {signal} = this.#interruption;
    let look = first;
    let cause: Cause | undefined = {changed: [], isBurst: false, look: this.#watchAll(first)};
    this.#tellOfNetwork();
    while (!signal.aborted && !this.#hasQuit) {
      if (cause) {
        look = await this.#build(cause);
        if (signal.aborted || this.#hasQuit) break;
      }
      look = this.#watchAll(look);
      // What a build has read for the first time was not watched while it ran.
      const mayBeLeft =
        cause !== undefined &&
        !cause.isRest &&
        !this.#looks.isBroken &&
        (!this.#hasFailed || this.#hasRestarted || this.#hasMissed(look));
      if (mayBeLeft && this.#looks.hasWork(look)) {
        cause = {changed: [], isBurst: false, look, isRest: true};
        continue;
      }
      if (cause) this.#display.report({type: 'watch-ready', files: this.#watched!.size});
      cause = await this.#nextCause(look);
    }
  }

  /** Whether something may have been mended during a build that failed, and that no event or time would tell of any more. */
  #hasMissed(look: Look): boolean {
    if (this.#last?.base.project !== look.project) return true;
    const {files} = this.#session.engine;
    return [...files.known()].some(
      path => this.#watched?.nodes(path) !== undefined && files.hasChanged(path),
    );
  }

  /** Answers what is there afterwards. */
  async #build({changed, isBurst, isRest = false, look: found}: Cause): Promise<Look> {
    const {report} = this.#display;
    report({type: 'watch-began', changed, isBurst});
    this.#summary?.begin();
    this.#hasRestarted = false;
    // Of a build for what another one has left that one's reason is the reason.
    const reason = isRest && this.#last ? this.#last.changed : new Set(changed);
    this.#last = {changed: reason, base: found};
    let {project} = found;
    let built = !this.#looks.isBroken && !this.#looks.hasWork(found);
    try {
      if (!built && !this.#looks.isBroken) {
        built = await this.#session.build(hasWaited => {
          const base = hasWaited || !this.#looks.isCurrent(found) ? this.#looks.reloaded() : found;
          this.#last = {changed: reason, base};
          return base;
        });
        project = this.#session.engine.project!;
      }
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      if (error.failure.reason !== 'interrupted') this.#looks.setBroken(error);
    }
    if (built) this.#looks.forgetHidden();
    this.#hasFailed = !built;
    const isStopped = this.#interruption.signal.aborted && !built;
    const result = isStopped ? 'interrupted' : built ? 'built' : 'failed';
    this.#endSummary(result);
    report({type: 'watch-built', result});
    if (built) await this.#program?.restart();
    return this.#looks.isBroken ? found : this.#looks.left(found, project);
  }

  #endSummary(result: Summary['result']): void {
    try {
      this.#summary?.end(result);
    } catch (error) {
      const text = `--summary: cannot write '${this.#options.summary}': ${(error as Error).message}`;
      this.#display.report({type: 'note', level: 'warning', text});
    }
  }

  /** Watches all that the look rests on. What changed before it was watched is found by a second look. */
  #watchAll(look: Look): Look {
    for (let seen = look; ; seen = this.#looks.left(seen)) {
      const read = this.#hasFailed ? this.#session.engine.files.known() : [];
      const more = [...this.#description.all(seen.project), ...read];
      this.#watched = WatchedFiles.of(seen, {more, before: this.#watched});
      const watched = this.#watched;
      try {
        const added = this.#files.set(watched);
        if (added.length === 0) return seen;
      } catch (error) {
        if (!(error instanceof WatchLimitError)) throw error;
        throw new FailureError({
          reason: 'option-invalid',
          text: error.message,
          hint: 'to raise it: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024; to do without: --poll 1',
        });
      }
    }
  }

  /** Waits for something that is worth a build. Undefined at the end. */
  async #nextCause(look: Look): Promise<Cause | undefined> {
    const {signal} = this.#interruption;
    for (;;) {
      const changes = await this.#files.next(this.#rest.signal);
      this.#rest = new AbortController();
      if (signal.aborted || this.#hasQuit) return undefined;
      if (this.#isAsked) {
        this.#isAsked = false;
        return {changed: [], isBurst: false, look: this.#looks.anew(look)};
      }
      const cause = changes && this.#causeOf(look, changes);
      if (cause) return cause;
    }
  }

  #causeOf(look: Look, {names, isBurst}: Changes): Cause | undefined {
    const found = changedFiles(names, {
      look,
      last: this.#last,
      watched: this.#watched!,
      description: this.#description,
      files: this.#session.engine.files,
    });
    const {changed, hidden, isBeyondGraph} = found;
    const isKnown = !isBurst && !isBeyondGraph && this.#looks.isCurrent(look);
    if (isKnown && changed.length === 0) return undefined;
    this.#looks.hide(look.project, hidden);
    const now = isKnown ? this.#looks.partly(look) : this.#looks.anew(look);
    const isCause = changed.length > 0 || this.#looks.hasWork(now) || this.#hasFailed;
    return isCause ? {changed, isBurst, look: now} : undefined;
  }

  /** A compile that reads what has changed meanwhile is not worth its end. */
  #restartReaders({names}: Changes): void {
    if (!this.#last || this.#watched === undefined) return;
    const {project, times} = this.#last.base;
    const {graph, directory} = project;
    const stat = statFrom(directory);
    const isOther = (name: string, before: bigint) => {
      try {
        return stat(name) !== before;
      } catch {
        return false; // A fault of the disk: whoever reads the file next tells of it.
      }
    };
    const changed = new Map<string, NodeId>();
    for (const path of names) {
      for (const node of this.#watched.nodes(path) ?? []) {
        const name = this.#watched.name(node);
        const now = graph.find(name);
        const before = now === undefined ? undefined : times.peek(now);
        if (before !== undefined && isOther(name, before)) changed.set(name, now!);
      }
    }
    if (changed.size === 0 || this.#session.engine.restartReaders(changed) === 0) return;
    this.#hasRestarted = true;
    // They are read anew: the same change must not end them twice.
    for (const node of changed.values()) {
      times.forget(node);
      times.get(node);
    }
  }

  #tellOfNetwork(): void {
    if (this.#options.poll !== undefined) return;
    const found = onNetwork(this.#watched!.directories);
    if (found === undefined) return;
    const text = `${found.directory} is in a network file system (${found.name}): what other machines change there is not told; to look for it: --poll 1`;
    this.#display.report({type: 'note', level: 'warning', text});
  }

  #tellFailure({failure}: FailureError): void {
    this.#display.report({type: 'note', level: 'warning', text: failureText(failure)});
  }

  #onKey(key: string): void {
    switch (key) {
      case 'q':
        this.#hasQuit = true;
        this.#interruption.abort();
        this.#rest.abort();
        break;
      case 'r':
        this.#isAsked = true;
        this.#rest.abort();
        break;
      case 'e':
        this.#display.nextProblem();
        break;
      case '\x03':
        process.kill(process.pid, 'SIGINT');
        break;
      default:
        break;
    }
  }

  #programRun(command: string, processes: Session['processes']): ProgramRun {
    const {report} = this.#display;
    return new ProgramRun(command, processes, {
      output: this.#options.json ? 2 : 'inherit',
      onStart: () => report({type: 'program-started', command}),
      onEnd: status => report({type: 'program-ended', command, status}),
    });
  }

  #close(keys: Keys | undefined): void {
    keys?.close();
    this.#files.close();
    this.#display.close();
    this.#interruption.close();
    this.#session?.close();
  }
}
