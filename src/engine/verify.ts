/**
 * `--verify`: compiles a share of what workers compiled again on this machine and compares. On a difference that two
 * local runs do not have themselves, both objects are kept, the flags are named, and compiles with such flags stay
 * local from then on.
 */
import {copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {CompileVerified} from '../event.ts';
import {STATE_DIR} from '../frontends/project.ts';
import type {EdgeOutcome, Executor} from '../graph/executor.ts';
import type {EdgeId, Graph} from '../graph/graph.ts';
import {digestOf} from '../protocol/digest.ts';
import type {Lanes} from './lanes.ts';

export interface VerifierOptions {
  readonly share: number;
  readonly directory: string;
  readonly warn: (text: string) => void;
  /** Told once for each compile that ran on both sides. */
  readonly onCompared?: (outcome: CompileVerified['outcome']) => void;
}

interface Wrapping {
  readonly lanes: Lanes;
  readonly graph: Graph;
  readonly runLocally: (edge: EdgeId, signal: AbortSignal) => Promise<EdgeOutcome>;
  /** What is kept of the edge's compile must serve nobody else. */
  readonly forgetResult: (edge: EdgeId) => Promise<void>;
}

/** Why a compile stays here whose flags, or whose own object, were found to differ. */
const DIFFERED = 'verify-differed';

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #file: string;
  /** Flag signatures by which objects were found to differ. */
  readonly distrusted: Set<string>;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#file = join(options.directory, STATE_DIR, 'distrusted.json');
    this.distrusted = new Set(readList(this.#file));
  }

  wrap(executor: Executor, wrapping: Wrapping): Executor {
    if (this.#options.share === 0) return executor;
    return {
      run: async (edge, signal) => {
        if (this.#isDistrusted(edge, wrapping.lanes)) {
          const outcome = await wrapping.runLocally(edge, signal);
          return outcome.kind === 'done' ? {...outcome, localReason: DIFFERED} : outcome;
        }
        return this.#verified(await executor.run(edge, signal), {edge, signal, wrapping});
      },
    };
  }

  async #verified(
    outcome: EdgeOutcome,
    run: {edge: EdgeId; signal: AbortSignal; wrapping: Wrapping},
  ): Promise<EdgeOutcome> {
    const {edge, signal, wrapping} = run;
    const {onCompared} = this.#options;
    if (outcome.kind !== 'done' || outcome.place === 'local') return outcome;
    const {graph} = wrapping;
    const outputs = Array.from(graph.outs(edge), out => graph.path(out));
    if (!this.#isChosen(outputs[0]!)) return outcome;
    const files = outputs.map(path => (path.startsWith('/') ? path : join(this.#options.directory, path)));
    const remote = files.map(contentOf);
    const local = await wrapping.runLocally(edge, signal);
    if (local.kind !== 'done') return local;
    const first = files.map(contentOf);
    const at = firstDifference(remote, first);
    if (at === undefined) {
      onCompared?.('equal');
      return {...outcome, record: local.record};
    }
    const second = await wrapping.runLocally(edge, signal);
    if (second.kind !== 'done') return second;
    // A compiler that does not agree with itself proves nothing.
    if (firstDifference(files.map(contentOf), first) !== undefined) {
      onCompared?.('unstable');
      return {...outcome, record: second.record};
    }
    onCompared?.('differed');
    await wrapping.forgetResult(edge);
    this.#distrust(edge, {file: files[at]!, remote: remote[at]?.bytes ?? Buffer.alloc(0), wrapping});
    return {...second, localReason: DIFFERED};
  }

  #distrust(edge: EdgeId, found: {file: string; remote: Buffer; wrapping: Wrapping}): void {
    const {directory, warn} = this.#options;
    const kept = join(directory, STATE_DIR, 'differing');
    mkdirSync(kept, {recursive: true});
    // Two targets may have objects of one name.
    const name = join(kept, `${digestOf(found.file).slice(0, 8)}-${basename(found.file)}`);
    writeFileSync(`${name}.remote`, found.remote);
    if (existsSync(found.file)) copyFileSync(found.file, `${name}.local`);
    const flags = found.wrapping.lanes.signatureOf(edge) ?? '';
    this.distrusted.add(flags);
    writeFileSync(this.#file, JSON.stringify([...this.distrusted]));
    warn(
      `'${found.file}' differs from a local compile; both are kept (${name}.remote, ${name}.local). What is made in this way runs locally from now on: ${flags}`,
    );
  }

  /** Also by what this very build has found: lanes are settled when it begins. */
  #isDistrusted(edge: EdgeId, lanes: Lanes): boolean {
    if (this.distrusted.size === 0) return false;
    const flags = lanes.signatureOf(edge);
    return flags !== undefined && this.distrusted.has(flags);
  }

  /** The same outputs in every build, spread evenly. */
  #isChosen(output: string): boolean {
    return Number.parseInt(digestOf(output).slice(0, 8), 16) / 0x100000000 < this.#options.share;
  }
}

interface Content {
  readonly bytes: Buffer;
  readonly isExecutable: boolean;
}

/** Undefined where no file is. */
function contentOf(file: string): Content | undefined {
  try {
    return {bytes: readFileSync(file), isExecutable: (statSync(file).mode & 0o111) !== 0};
  } catch {
    return undefined;
  }
}

function firstDifference(
  some: readonly (Content | undefined)[],
  others: readonly (Content | undefined)[],
): number | undefined {
  const at = some.findIndex((one, i) => {
    const other = others[i];
    if (!one || !other) return one !== other;
    return one.isExecutable !== other.isExecutable || !one.bytes.equals(other.bytes);
  });
  return at < 0 ? undefined : at;
}

function readList(file: string): string[] {
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(list) ? list.filter(flags => typeof flags === 'string') : [];
  } catch {
    return []; // No difference was ever found.
  }
}
