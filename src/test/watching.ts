/** A `llama watch --json` on a project: what it tells, event by event, and when it has nothing left to do. */
import type {Project} from './project.ts';
import type {LlamaOptions} from './rig.ts';
import type {Run, Running} from './run.ts';

/** One line of `--json`. */
export interface WatchEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Of a whole test, in ms. */
const LONGEST = 150_000;

export class Watching {
  readonly #project: Project;
  readonly #running: Running;
  #told = 0;

  constructor(project: Project, args: readonly string[] = [], options: LlamaOptions = {}) {
    const {rig, directory} = project;
    this.#project = project;
    this.#running = rig.startRaw(['watch', directory, '--json', '--store', rig.store, ...args], {
      longest: LONGEST,
      ...options,
    });
  }

  /** The events up to the next one of a type, that one included. */
  async until(type: string): Promise<WatchEvent[]> {
    const passed: WatchEvent[] = [];
    for (;;) {
      const event = await this.#next();
      passed.push(event);
      if (event.type === type) return passed;
    }
  }

  /** The event that ends the next build; the watch then waits for changes. */
  async built(): Promise<WatchEvent> {
    const events = await this.until('ready');
    return events.findLast(({type}) => type === 'built')!;
  }

  /** Waits until ninja has nothing to do. Prereq: whatever is to be built was changed before the call. */
  async untilIdle(targets: readonly string[] = []): Promise<void> {
    while ((await this.#project.ninjaWouldRun(targets)).length > 0) await this.built();
  }

  /** Ends it as a user does. */
  async end(): Promise<Run> {
    this.#running.signal('SIGINT');
    return this.#running.done;
  }

  async #next(): Promise<WatchEvent> {
    const nth = this.#told++;
    await this.#running.until(() => eventLines(this.#running.out).length > nth);
    const line = eventLines(this.#running.out)[nth];
    if (line === undefined) throw new Error(`it ended:\n${this.#running.said}`);
    return JSON.parse(line) as WatchEvent;
  }
}

/** A line that is not yet whole is none. */
function eventLines(said: string): string[] {
  return said
    .slice(0, said.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(line => line.startsWith('{'));
}
