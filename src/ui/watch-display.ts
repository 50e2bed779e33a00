/**
 * `llama watch` on the user's terminal, in lines, or as JSON for editors. Each build has a display of its own for its bar
 * and its notes; failures are held back until it ends, and are shown again until they are gone.
 */
import {relative} from 'node:path';
import type {Event, Report, WatchBegan} from '../event.ts';
import {type BuildDisplay, createDisplay, type DisplayOptions, ignoreFaults, stripColors} from './display.ts';
import {count, failureLines, text} from './lines.ts';
import {Problems} from './problems.ts';
import {StepTimes} from './step-times.ts';
import {Tally} from './tally.ts';

export interface WatchDisplayOptions extends DisplayOptions {
  /** Whether keys are read. */
  readonly hasKeys: boolean;
  /** Clears the screen before each build. */
  readonly clears: boolean;
  /** One JSON object a line instead of all else. */
  readonly json: ((line: string) => void) | undefined;
}

export interface WatchDisplay {
  readonly report: Report;
  /** Shows the next of what is broken, alone. */
  nextProblem(): void;
  close(): void;
}

export function createWatchDisplay(options: WatchDisplayOptions): WatchDisplay {
  const display = new Display(options);
  return {
    report: event => display.show(event),
    nextProblem: () => display.nextProblem(),
    close: () => display.close(),
  };
}

/** Names in one line of what changed. */
const MOST_NAMES = 3;
/** Fewer compiles are over before their number is read. */
const WIDE = 8;

interface Build {
  readonly display: BuildDisplay;
  readonly began: WatchBegan;
  readonly tally: Tally;
  readonly times: StepTimes;
  readonly start: number;
}

class Display {
  readonly #options: WatchDisplayOptions;
  readonly #problems = new Problems();
  #build: Build | undefined;
  #files = -1;
  /** Which of the problems was shown last by {@link nextProblem}. */
  #shown = -1;

  constructor(options: WatchDisplayOptions) {
    this.#options = options;
    ignoreFaults(options.stream);
  }

  show(event: Event): void {
    this.#problems.add(event);
    this.#build?.tally.add(event);
    this.#build?.times.add(event);
    if (this.#options.json) this.#tellJson(event, this.#options.json);
    else this.#tell(event);
  }

  nextProblem(): void {
    const list = this.#problems.list();
    if (list.length === 0) {
      this.#write('nothing is broken\n');
      return;
    }
    this.#shown = (this.#shown + 1) % list.length;
    this.#write(`${this.#shown + 1} of ${list.length}\n${this.#failure(list[this.#shown]!)}`);
  }

  close(): void {
    this.#build?.display.close();
  }

  #tell(event: Event): void {
    switch (event.type) {
      case 'watch-began':
        this.#begin(event);
        break;
      case 'watch-built':
        this.#end(event.result);
        break;
      case 'watch-ready':
        if (event.files !== this.#files) this.#ready(event.files);
        this.#files = event.files;
        break;
      case 'program-ended':
        this.#write(`${event.command}: ended with status ${event.status}\n`);
        break;
      case 'edge-failed':
        break;
      case 'build-planned':
        if (event.compiles >= WIDE) this.#build?.display.report(event);
        break;
      default:
        if (this.#build) this.#build.display.report(event);
        else if (event.type === 'note') this.#write(`llama: ${event.text}\n`);
    }
  }

  #begin(event: WatchBegan): void {
    if (this.#options.clears) this.#options.stream.write('\x1b[H\x1b[2J\x1b[3J');
    this.#build = {
      display: createDisplay(this.#options),
      began: event,
      tally: new Tally(),
      times: new StepTimes(performance.now()),
      start: performance.now(),
    };
    this.#shown = -1;
  }

  #end(result: 'built' | 'failed' | 'interrupted'): void {
    const build = this.#build!;
    build.display.close();
    build.times.lapse();
    this.#build = undefined;
    for (const problem of this.#problems.list()) this.#write(this.#failure(problem));
    const line = buildLine(build, {result, problems: this.#problems.size});
    if (this.#options.mode !== 'none' || result === 'failed') this.#write(`${clock(new Date())}  ${line}\n`);
  }

  #ready(files: number): void {
    if (this.#options.mode === 'none') return;
    const keys = this.#options.hasKeys ? ' · q quit · r rebuild · e next error' : '';
    this.#write(`watching ${count(files, 'file')}${keys}\n`);
  }

  #failure(event: Parameters<typeof failureLines>[0]): string {
    return failureLines(event, this.#options.advice);
  }

  #write(block: string): void {
    const {color, stream} = this.#options;
    stream.write(color ? block : stripColors(block));
  }

  #tellJson(event: Event, line: (line: string) => void): void {
    switch (event.type) {
      case 'watch-began':
        this.#begin(event);
        line(JSON.stringify({type: 'began', changed: event.changed, burst: event.isBurst}));
        break;
      case 'watch-built': {
        const {tally, start} = this.#build!;
        this.#build!.display.close();
        this.#build = undefined;
        const {compilesDone, othersDone, failed} = tally;
        const ms = Math.round(10 * (performance.now() - start)) / 10;
        const counts = {compiles: compilesDone, others: othersDone, failed, broken: this.#problems.size};
        line(JSON.stringify({type: 'built', result: event.result, ...counts, ms}));
        break;
      }
      case 'watch-ready':
        line(JSON.stringify({type: 'ready', files: event.files}));
        break;
      case 'edge-failed': {
        const {target, command, exitCode} = event;
        line(JSON.stringify({type: 'failed', target, command, exit: exitCode, output: text(event.output)}));
        break;
      }
      case 'edge-finished':
        line(
          JSON.stringify({
            type: 'finished',
            target: event.target,
            place: event.place,
            output: text(event.output),
          }),
        );
        break;
      case 'program-started':
      case 'program-ended':
        line(JSON.stringify(event));
        break;
      case 'note':
        line(JSON.stringify({type: 'note', level: event.level, text: event.text}));
        break;
      case 'output':
        line(JSON.stringify({type: 'output', output: text(event.bytes)}));
        break;
      default:
        break;
    }
  }
}

/** What changed -> what was done · how long it took. */
function buildLine(
  {began, tally, times, start}: Build,
  {result, problems}: {result: 'built' | 'failed' | 'interrupted'; problems: number},
): string {
  const {compilesDone, othersDone, failed, failedCompiles} = tally;
  const compiles = compilesDone + failedCompiles;
  const others = othersDone + failed - failedCompiles;
  const what = changedText(began);
  const parts = [
    ...(compiles > 0
      ? [`${count(compiles, 'compile')}${tally.cached > 0 ? ` (${tally.cached} cached)` : ''}`]
      : []),
    ...(others > 0 ? [count(others, 'other step')] : []),
  ];
  const done = parts.length === 0 ? 'nothing to do' : parts.join(', ');
  const end =
    result === 'interrupted'
      ? [' · interrupted']
      : [
          ...(failed > 0 ? [` · ${failed} failed`] : result === 'failed' ? [' · failed'] : []),
          ...(problems > failed ? [` · ${problems} broken`] : []),
        ];
  const shares = [
    ...(compiles > 0 ? [`compile ${exact(times.compile)}`] : []),
    ...(others > 0 ? [`other ${exact(times.other)}`] : []),
    `us ${exact(times.own)}`,
  ];
  const took = `${exact(performance.now() - start)} s (${shares.join(', ')})`;
  return `${what === '' ? '' : `${what} → `}${done}${end.join('')} · ${took}`;
}

function changedText({changed, isBurst}: WatchBegan): string {
  if (changed.length === 0) return isBurst ? 'many files changed' : '';
  const names = changed.slice(0, MOST_NAMES).map(shownPath).join(', ');
  const more = changed.length - MOST_NAMES;
  return `${names}${more > 0 ? ` and ${more} more` : ''} changed`;
}

function exact(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function clock(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map(part => String(part).padStart(2, '0'))
    .join(':');
}

/** As the user would type it. */
function shownPath(path: string): string {
  const name = relative(process.cwd(), path);
  return name.startsWith('..') ? path : name;
}
