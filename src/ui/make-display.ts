/** What `llama make` says beside make itself: one line at its beginning, one at its end, and what has to be known between. */
import type {Event, Summary} from '../event.ts';
import {count, localList, retryLines, seconds} from './lines.ts';

export interface MakeDisplayOptions {
  readonly isQuiet: boolean;
  /** Of each compile that stays here, with its reason. */
  readonly tellsLocal: boolean;
  readonly stream: NodeJS.WriteStream;
}

export class MakeDisplay {
  readonly #options: MakeDisplayOptions;

  constructor(options: MakeDisplayOptions) {
    this.#options = options;
    options.stream.on('error', () => {}); // A reader that went away is no reason to end the build.
  }

  show(event: Event): void {
    const {isQuiet, tellsLocal} = this.#options;
    switch (event.type) {
      case 'cloud-ready':
        if (!isQuiet) this.#line(event.text);
        break;
      case 'edge-finished':
        if (tellsLocal && event.localReason !== undefined) {
          this.#line(`local, ${event.localReason}: ${event.command}`);
        }
        break;
      case 'note':
        if (event.level === 'info' && isQuiet) break;
        this.#line(event.level === 'warning' ? `warning: ${event.text}` : event.text);
        break;
      case 'build-finished':
        if (isQuiet) break;
        for (const line of makeLines(event.summary, {tellsLocal})) this.#line(line);
        break;
      default:
        break;
    }
  }

  #line(line: string): void {
    this.#options.stream.write(`llama: ${line}\n`);
  }
}

/** How it went. Make itself has told whether it went well. */
export function makeLines(summary: Summary, {tellsLocal}: {readonly tellsLocal: boolean}): string[] {
  const {compiles, wall_ms: wall, client_cpu_ms: cpu, local_reasons: reasons} = summary;
  const done = compiles.remote + compiles.cached + compiles.local;
  const failed = compiles.failed === 0 ? '' : `, ${count(compiles.failed, 'compile')} failed`;
  const cost = summary.billed_ms > 0 ? ` · $${summary.cost_usd.toFixed(summary.cost_usd < 0.1 ? 4 : 2)}` : '';
  const list = localList(reasons);
  return [
    `${count(done, 'compile')} in ${seconds(wall)} (${compiles.remote} remote, ${compiles.cached} cached, ${compiles.local} local)` +
      `${failed} · client ${seconds(cpu)} CPU${cost}`,
    ...(list === '' ? [] : [`  local: ${list}${tellsLocal ? '' : '    --why-local tells which'}`]),
    ...retryLines(summary),
  ];
}
