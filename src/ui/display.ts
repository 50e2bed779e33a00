/**
 * The build on the user's terminal: a bar that moves where there is a terminal, lines where something is worth one
 * elsewhere. Progress and notes go to standard error. Nothing here can change a build.
 */
import cliProgress from 'cli-progress';
import type {Event, Report} from '../event.ts';
import {type Advice, closingLines, failureLines, fallbackLines, headLine, text} from './lines.ts';
import {Tally} from './tally.ts';

export interface DisplayOptions {
  readonly mode: 'bar' | 'plain' | 'none';
  /** Whole commands as they start, as ninja's -v. */
  readonly verbose: boolean;
  readonly advice: Advice;
  /** Objects are compared with those of local compiles, of which the end has to tell. */
  readonly verifies: boolean;
  /** False takes colours out of what compilers print, as ninja does when it writes to no terminal. */
  readonly color: boolean;
  readonly stream: NodeJS.WriteStream;
}

export interface BuildDisplay {
  readonly report: Report;
  /** Leaves the terminal as it was found, whatever was under way. */
  close(): void;
}

export function createDisplay(options: DisplayOptions): BuildDisplay {
  const display = new Display(options);
  return {report: event => display.show(event), close: () => display.close()};
}

/** Compiles that come back from the cloud before that is called out, and their share of all so far. */
const FEW = 4;
const SMALL_SHARE = 0.1;

class Display {
  readonly #options: DisplayOptions;
  readonly #tally = new Tally();
  #bar: cliProgress.SingleBar | undefined;
  #cloud = '';
  #headShown = false;
  #consoleEdge: number | undefined;
  /** What came while a console edge held the terminal. */
  #held = '';
  #began = performance.now();
  #fallbacksTold = false;

  constructor(options: DisplayOptions) {
    this.#options = options;
    ignoreFaults(options.stream);
  }

  show(event: Event): void {
    this.#tally.add(event);
    switch (event.type) {
      case 'cloud-ready':
        this.#cloud = event.text;
        break;
      case 'build-planned':
        if (!this.#headShown && event.compiles + event.others > 0 && this.#options.mode !== 'none') {
          this.#line(headLine(event, this.#cloud));
        }
        this.#headShown = true;
        this.#startBar();
        break;
      case 'edge-started':
        if (event.isConsole) {
          this.#stopBar();
          this.#consoleEdge = event.id;
        }
        break;
      case 'edge-finished':
        this.#endConsole(event.id);
        if (this.#options.verbose) this.#line(event.command);
        this.#block(text(event.output));
        if (event.localReason !== undefined) this.#tellOfFallbacks();
        break;
      case 'edge-failed':
        this.#endConsole(event.id);
        this.#block(failureLines(event, this.#options.advice));
        break;
      case 'edge-returned':
        this.#endConsole(event.id);
        break;
      case 'note': {
        const {level} = event;
        if (level === 'info' && this.#options.mode === 'none') break;
        const line = level === 'warning' ? `llama: warning: ${event.text}` : `llama: ${event.text}`;
        this.#block(`${line}\n`, level === 'notice');
        break;
      }
      case 'output':
        this.#block(text(event.bytes));
        break;
      case 'build-finished':
        this.#stopBar();
        if (this.#options.mode !== 'none' || event.result !== 'built') {
          const {advice, verifies} = this.#options;
          const {othersDone, failed, verified} = this.#tally;
          const closing = {advice, othersDone, failed, ...(verifies ? {unstable: verified.unstable} : {})};
          for (const line of closingLines(event.summary, closing)) {
            this.#line(line);
          }
        }
        break;
      case 'listing':
        this.#line(event.text);
        break;
      case 'graph-loaded':
      case 'compile-verified':
      case 'watch-ready':
      case 'watch-began':
      case 'watch-built':
      case 'program-started':
      case 'program-ended':
        break;
    }
    this.#updateBar();
  }

  close(): void {
    this.#stopBar();
  }

  #line(line: string): void {
    this.#block(`${line}\n`);
  }

  /** Whole lines above the bar. What is urgent does not wait for the end of a console edge. */
  #block(block: string, isUrgent = false): void {
    if (block === '') return;
    const plain = this.#options.color ? block : stripColors(block);
    const whole = plain.endsWith('\n') ? plain : `${plain}\n`;
    if (this.#consoleEdge !== undefined && !isUrgent) {
      this.#held += whole;
      return;
    }
    const hadBar = this.#bar !== undefined;
    this.#stopBar();
    this.#options.stream.write(whole);
    if (hadBar) this.#startBar();
  }

  /** Once, as soon as it is more than a few: a build that is slow for want of its cloud must not be so in silence. */
  #tellOfFallbacks(): void {
    const {cameBack, compilesDone, localReasons} = this.#tally;
    if (this.#fallbacksTold || cameBack < FEW || cameBack < compilesDone * SMALL_SHARE) return;
    this.#fallbacksTold = true;
    this.#block(fallbackLines({cameBack, compilesDone, localReasons}), true);
  }

  #endConsole(id: number): void {
    if (this.#consoleEdge !== id) return;
    this.#consoleEdge = undefined;
    const held = this.#held;
    this.#held = '';
    this.#block(held);
    this.#startBar();
  }

  #startBar(): void {
    const {mode, stream} = this.#options;
    if (mode !== 'bar' || this.#bar || this.#consoleEdge !== undefined || this.#total() === 0) return;
    this.#bar = new cliProgress.SingleBar(
      {
        format: '[{bar}] {value}/{total}  {details}',
        barsize: 24,
        stream,
        clearOnComplete: true,
        hideCursor: true,
        fps: 8,
        linewrap: false,
        // The client handles interruptions itself.
        gracefulExit: false,
      },
      cliProgress.Presets.rect,
    );
    this.#bar.start(this.#total(), this.#tally.done, {details: this.#details()});
  }

  #stopBar(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #updateBar(): void {
    this.#bar?.setTotal(this.#total());
    this.#bar?.update(this.#tally.done, {details: this.#details()});
  }

  #total(): number {
    return this.#tally.compiles + this.#tally.others;
  }

  #details(): string {
    const tally = this.#tally;
    const elapsed = (performance.now() - this.#began) / 1000;
    const rate = elapsed > 0 ? tally.done / elapsed : 0;
    const left = rate > 0 ? Math.ceil((this.#total() - tally.done) / rate) : undefined;
    const parts = [`${tally.running} running`, `${tally.cached} cached`];
    if (tally.local > 0) parts.push(`${tally.local} local`);
    parts.push(`${tally.failed} failed`, `${rate.toFixed(1)}/s`);
    if (left !== undefined) parts.push(`${left} s left`);
    return parts.join(' · ');
  }
}

/** One line after the build, when its display is gone. */
export function tellLine(line: string): void {
  ignoreFaults(process.stderr);
  process.stderr.write(`${line}\n`);
}

/** A reader that went away (`llama build 2>&1 | head`) is no reason to end the build. */
export function ignoreFaults(stream: NodeJS.WriteStream): void {
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
}

function ignore(): void {}

/** Terminal colour sequences (ECMA-48 SGR and the erase sequences that compilers add to them). */
export function stripColors(block: string): string {
  return block.replaceAll(/\x1b\[[0-9;]*[mK]/g, '');
}
