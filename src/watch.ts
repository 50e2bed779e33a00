/**
 * `llama watch`: build, wait for a change, build again. The graph, what is known of files, the cloud and its workers live
 * from one build to the next; the directory is ours only while a build runs, so that other tools may build there too.
 *
 *     building --ended--> resting --a watched file changed, r--> building
 *         \\______________________ q, a signal: ended ______________________/
 */
import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {loader, markWorked, withPlace} from './build.ts';
import {DescriptionFile} from './description-file.ts';
import {displayOptions} from './display-options.ts';
import {FailureError} from './failure.ts';
import type {Project} from './frontends/project.ts';
import type {NodeId} from './graph/graph.ts';
import {statFrom} from './graph/node-times.ts';
import {collectInPauses} from './idle-collection.ts';
import {Interruption, STATUS} from './interruption.ts';
import {type Keys, readKeys} from './keys.ts';
import {locate} from './locate.ts';
import {type BuildContext, descriptionStat, hasWork, type Look, lookAt} from './look.ts';
import type {WatchOptions} from './options.ts';
import {diskPath} from './protocol/path-text.ts';
import {Session} from './session.ts';
import {print} from './standard-output.ts';
import {failureText} from './ui/failure-text.ts';
import {createWatchDisplay, type WatchDisplay} from './ui/watch-display.ts';
import {WatchLimitError} from './watch/directory-watches.ts';
import {FileWatch} from './watch/file-watch.ts';
import {ProgramRun} from './watch/program-run.ts';
import type {Changes} from './watch/settling.ts';
import {WatchedFiles} from './watched-files.ts';

/** Answers the exit status. @throws FailureError for everything that keeps the first build from starting */
export async function watch(options: WatchOptions, began: number): Promise<number> {
  const location = locate(options.words, {
    cwd: process.cwd(),
    hasCommands: options.commands !== undefined,
  });
  const context: BuildContext = {options, location, began};
  try {
    const description = new DescriptionFile(context, await loader(context));
    const first = lookAt(description.load(), location.targets);
    markWorked();
    const end = collectInPauses();
    try {
      return await new Watch(options, context, description).run(first);
    } finally {
      end();
    }
  } catch (error) {
    throw withPlace(error, context);
  }
}

/** Why the next build is made. */
interface Cause {
  /** The description cannot be read: there is nothing to build by. */
  readonly isBroken?: boolean;
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
  readonly #files = new FileWatch({onRest: changes => this.#restartReaders(changes)});
  #watched: WatchedFiles | undefined;
  #session!: Session;
  #program: ProgramRun | undefined;
  /** Whether compiles of the running build were started anew: what had ended before may have to follow. */
  #hasRestarted = false;
  /** What the last build went by: what is other than it was then has changed since. */
  #base: Look | undefined;
  /** Whether the description could not be read when it was looked at last. */
  #isBroken = false;
  /** What the last build was made for, and until when it ran: ns since the epoch. */
  #lastChanged: ReadonlySet<string> = new Set();
  #builtUntil = 0n;
  /** Whether the last build left something to be mended. */
  #hasFailed = false;
  /** Ends the wait for a change: a key or a signal. */
  #rest = new AbortController();
  #isAsked = false;
  #hasQuit = false;

  constructor(options: WatchOptions, context: BuildContext, description: DescriptionFile) {
    this.#options = options;
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
        report,
        interruption: this.#interruption,
      });
      const {cloud, processes} = this.#session;
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
        (!this.#hasFailed || this.#hasRestarted || this.#hasMissed(look));
      if (mayBeLeft && hasWork(look)) {
        cause = {changed: [], isBurst: false, look, isRest: true};
        continue;
      }
      if (cause) this.#display.report({type: 'watch-ready', files: this.#watched!.size});
      cause = await this.#nextCause(look);
    }
  }

  /** Whether something may have been mended during a build that failed, and that no event or time would tell of any more. */
  #hasMissed(look: Look): boolean {
    if (this.#base?.project !== look.project) return true;
    const {files} = this.#session.engine;
    return [...files.known()].some(
      path => this.#watched?.nodes(path) !== undefined && files.hasChanged(path),
    );
  }

  /** Answers what is there afterwards. */
  async #build({changed, isBurst, isRest = false, isBroken = false, look: found}: Cause): Promise<Look> {
    const {report} = this.#display;
    const {location} = this.#context;
    report({type: 'watch-began', changed, isBurst});
    this.#hasRestarted = false;
    let built = !isBroken && !hasWork(found);
    let {project} = found;
    this.#base = found;
    try {
      if (!built && !isBroken) {
        built = await this.#session.build(hasWaited => {
          if (hasWaited || !this.#isCurrent(found)) {
            this.#base = lookAt(this.#description.load(), location.targets);
          }
          return this.#base!;
        });
        project = this.#session.engine.project!;
      }
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      if (error.failure.reason !== 'interrupted') this.#tellFailure(error);
    }
    this.#hasFailed = !built;
    this.#builtUntil = BigInt(Date.now()) * 1_000_000n;
    if (!isRest) this.#lastChanged = new Set(changed);
    const isStopped = this.#interruption.signal.aborted && !built;
    report({type: 'watch-built', result: isStopped ? 'interrupted' : built ? 'built' : 'failed'});
    if (built) await this.#program?.restart();
    return this.#lookLeft(project);
  }

  /** What the last build has left. */
  #lookLeft(project: Project): Look {
    return this.#lookOr(project, () =>
      this.#session.engine.look(this.#description.isOutdated(project) ? this.#description.load() : project),
    );
  }

  #lookAgain(project: Project): Look {
    return this.#lookOr(project, () => lookAt(project, this.#context.location.targets));
  }

  /** A description that cannot be read now is looked at as it was: its files are watched, and one of them will mend it. */
  #lookOr(project: Project, look: () => Look): Look {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.#tellFailure(error);
      return lookAt(project, []);
    }
  }

  /** Watches all that the look rests on. What changed before it was watched is found by a second look. */
  #watchAll(look: Look): Look {
    for (let seen = look; ; seen = this.#lookLeft(look.project)) {
      const more = [this.#description.file, ...(this.#hasFailed ? this.#session.engine.files.known() : [])];
      this.#watched = WatchedFiles.of(seen, {more, before: this.#watched});
      const watched = this.#watched;
      try {
        const added = this.#files.set(watched.directories, path => watched.matters(path));
        if (added.length === 0) return seen;
      } catch (error) {
        if (!(error instanceof WatchLimitError)) throw error;
        throw new FailureError({
          reason: 'option-invalid',
          text: error.message,
          hint: 'to raise it: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024',
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
        const now = this.#reload(look);
        return {changed: [], isBurst: false, look: now, isBroken: this.#isBroken};
      }
      const cause = changes && this.#causeOf(look, changes);
      if (cause) return cause;
    }
  }

  /** Events tell where to look; only the files tell whether anything changed. */
  #causeOf(look: Look, {names, isBurst}: Changes): Cause | undefined {
    const {project, times} = look;
    const {graph, directory} = project;
    const stat = statFrom(directory);
    const isKnown = !isBurst && this.#isCurrent(look);
    const changed: string[] = [];
    const hidden: NodeId[] = [];
    let mayMatter = false;
    for (const path of names) {
      const nodes = this.#watched?.nodes(path);
      for (const node of nodes ?? []) {
        const before =
          (this.#base?.project === project ? this.#base.times.peek(node) : undefined) ?? times.get(node);
        const now = stat(graph.path(node));
        if (now === before) continue;
        times.forget(node);
        if (this.#base?.project === project) this.#base.times.forget(node);
        const file = resolve(directory, graph.path(node));
        // A source that each build writes anew is no reason for the next one. What a user wrote meanwhile has been seen by
        // the look that follows each build.
        if (!(this.#lastChanged.has(file) && now <= this.#builtUntil)) changed.push(file);
      }
      if (nodes === undefined) {
        if (!existsSync(diskPath(path))) continue;
        // A new file may be what a glob looks for, or what a failed compile has missed.
        mayMatter = true;
        const namesakes = this.#watched?.namesakes(path) ?? [];
        if (namesakes.length > 0) changed.push(path);
        hidden.push(...namesakes);
      } else if (nodes.length === 0 && this.#hasChanged(path, project)) {
        changed.push(path);
        mayMatter = true;
      }
    }
    if (isKnown && changed.length === 0 && !mayMatter) return undefined;
    let now = isKnown && !mayMatter ? this.#lookWith(look) : this.#reload(look);
    if (hidden.length > 0 && now.project === project) {
      // Ninja would not see it: the records name only what was read.
      for (const node of hidden) now.times.set(node, BigInt(Date.now()) * 1_000_000n);
      now = this.#lookWith(now);
    }
    if (changed.length > 0 || hasWork(now) || this.#hasFailed) {
      return {changed, isBurst, look: now, isBroken: this.#isBroken};
    }
    return undefined;
  }

  #hasChanged(path: string, project: Project): boolean {
    if (path === this.#description.file) return this.#description.isOutdated(project);
    return this.#session.engine.files.hasChanged(path);
  }

  #lookWith({project, times}: Look): Look {
    return lookAt(project, this.#context.location.targets, {times});
  }

  /** A compile that reads what has changed meanwhile is not worth its end. */
  #restartReaders({names}: Changes): void {
    const base = this.#base;
    if (!base || this.#watched === undefined) return;
    const {graph, directory} = base.project;
    const stat = statFrom(directory);
    const changed = new Set<string>();
    for (const path of names) {
      for (const node of this.#watched.nodes(path) ?? []) {
        const name = this.#watched.name(node);
        const now = graph.find(name);
        const before = now === undefined ? undefined : base.times.peek(now);
        if (before !== undefined && stat(name) !== before) changed.add(name);
      }
    }
    if (changed.size === 0 || this.#session.engine.restartReaders(changed) === 0) return;
    this.#hasRestarted = true;
    // They are read anew: the same change must not end them twice.
    for (const name of changed) {
      const node = graph.find(name)!;
      base.times.forget(node);
      base.times.get(node);
    }
  }

  /** Everything anew; the graph too if its description or the logs have changed. */
  #reload(look: Look): Look {
    this.#isBroken = false;
    if (this.#isCurrent(look)) return this.#lookAgain(look.project);
    try {
      return lookAt(this.#description.load(), this.#context.location.targets);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.#isBroken = true;
      this.#tellFailure(error);
      return look;
    }
  }

  /** Whether description and logs are still what the look went by. */
  #isCurrent({project, stat}: Look): boolean {
    return descriptionStat(project) === stat && !this.#description.isOutdated(project);
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
