/**
 * What a stub asks and what it is answered, as bytes. The form is told at the top of `stub.c`; numbers are in this
 * machine's order, which is little endian on all that we run on.
 */
import {isUtf8} from 'node:buffer';

export interface Question {
  /** `compile`: may it be answered? `make`: a make is started with a number of jobs of its own, which is only told. */
  readonly kind: 'compile' | 'make';
  readonly umask: number;
  /** When it was asked, by the machine's monotonic clock, in ns. */
  readonly asked: bigint;
  /** Where the command runs. */
  readonly directory: string;
  /** The program that the stub stands for, absolute or relative to the directory. */
  readonly program: string;
  /** argv, as make or a shell gave it. */
  readonly words: readonly string[];
  /** The command's own. The same object for the same bytes. */
  readonly env: NodeJS.ProcessEnv;
  /** False where not all of it is UTF-8, so that the texts here are not what the command was given. */
  readonly isText: boolean;
}

export type Answer =
  /** The real program has to run. */
  | {readonly kind: 'real'}
  /** It has ended; its outputs are in place. */
  | {readonly kind: 'done'; readonly status: number; readonly stderr: Buffer};

const LENGTH = 4;
const HEAD = 24;
/** Linux takes no command line with its environment beyond some MB; more is no question of ours. */
const LARGEST = 64 << 20;

/** Bytes of a whole question by its first four, or undefined while they are not there. @throws RangeError for nonsense */
export function questionSize(bytes: Buffer): number | undefined {
  if (bytes.length < LENGTH) return undefined;
  const size = bytes.readUInt32LE(0);
  if (size < HEAD || size > LARGEST) throw new RangeError(`a question of ${size} bytes`);
  return LENGTH + size;
}

/** Reads questions. Environments differ little from each other, and are many: equal ones are read once. */
export class QuestionReader {
  readonly #environments = new Map<string, NodeJS.ProcessEnv>();

  /** `bytes`: one whole question. @throws RangeError where it says other than it holds */
  read(bytes: Buffer): Question {
    const kind = bytes.readUInt32LE(LENGTH) === 'm'.charCodeAt(0) ? 'make' : 'compile';
    const umask = bytes.readUInt32LE(LENGTH + 4);
    const words = bytes.readUInt32LE(LENGTH + 8);
    const variables = bytes.readUInt32LE(LENGTH + 12);
    const body = bytes.subarray(LENGTH + HEAD);
    const parts = body.toString('utf8').split('\0');
    // Behind the last zero byte is one more, empty part.
    if (parts.length !== 2 + words + variables + 1) throw new RangeError('a question of other length');
    return {
      kind,
      umask,
      asked: bytes.readBigUInt64LE(LENGTH + 16),
      directory: parts[0]!,
      program: parts[1]!,
      words: parts.slice(2, 2 + words),
      env: this.#environment(parts.slice(2 + words, -1)),
      isText: isUtf8(body),
    };
  }

  #environment(entries: readonly string[]): NodeJS.ProcessEnv {
    // Of no meaning for a compiler, and another one for each directory or recipe.
    const kept = entries.filter(entry => !/^(?:_|MAKELEVEL|MAKEFLAGS|MFLAGS|OLDPWD)=/.test(entry));
    const key = kept.join('\0');
    let env = this.#environments.get(key);
    if (env === undefined) {
      env = {};
      for (const entry of kept) {
        const equals = entry.indexOf('=');
        // The first of two by one name is what getenv() finds.
        if (equals > 0) env[entry.slice(0, equals)] ??= entry.slice(equals + 1);
      }
      this.#environments.set(key, env);
    }
    return env;
  }
}

export function answerBytes(answer: Answer): Buffer {
  if (answer.kind === 'real') return Buffer.from('r');
  const head = Buffer.alloc(9);
  head.write('d');
  head.writeUInt32LE(answer.status, 1);
  head.writeUInt32LE(answer.stderr.length, 5);
  return Buffer.concat([head, answer.stderr]);
}
