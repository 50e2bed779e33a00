/**
 * The command line and MAKEFLAGS of GNU make, as far as the number of jobs goes: that is the client's to say. By the
 * manual's "Summary of Options" and make's own `main.c`: a number may stand behind `-j`, glued to it or as the next word.
 */

export interface MakeWords {
  /** Without the number of jobs. */
  readonly words: readonly string[];
  /** `unlimited` for a `-j` without a number; undefined where nothing is said. The last one counts. */
  readonly jobs: number | 'unlimited' | undefined;
  /** Values of `-C`, in order. */
  readonly directories: readonly string[];
}

/** Short options that always have a value. */
const WITH_VALUE = 'CfIoWE';
/** Long ones whose value is the next word if none is glued to them. */
const LONG_WITH_VALUE =
  /^--(?:directory|file|makefile|include-dir|old-file|assume-old|what-if|new-file|assume-new|eval)$/;

export function readMakeWords(argv: readonly string[]): MakeWords {
  const words: string[] = [];
  const directories: string[] = [];
  let jobs: MakeWords['jobs'];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const next = argv[at + 1];
    if (word === '--') {
      words.push(...argv.slice(at));
      break;
    }
    if (word === '--jobs') {
      jobs = isNumber(next) ? Number(argv[++at]) : 'unlimited';
    } else if (word.startsWith('--jobs=') && isNumber(word.slice(7))) {
      jobs = Number(word.slice(7));
    } else if (word.startsWith('--')) {
      words.push(word);
      if (word.startsWith('--directory=')) directories.push(word.slice(12));
      if (!LONG_WITH_VALUE.test(word) || next === undefined) continue;
      words.push(argv[++at]!);
      if (word === '--directory') directories.push(next);
    } else if (word.startsWith('-') && word.length > 1) {
      const read = readLetters(word, next);
      if (read.jobs !== undefined) jobs = read.jobs;
      if (read.directory !== undefined) directories.push(read.directory);
      if (read.word !== '-') words.push(read.word);
      if (!read.takesNext) continue;
      at++;
      if (!read.isNextJobs) words.push(next!);
    } else {
      words.push(word);
    }
  }
  return {words, jobs, directories};
}

interface Letters {
  /** Without a number of jobs. */
  readonly word: string;
  readonly jobs?: number | 'unlimited';
  readonly directory?: string | undefined;
  readonly takesNext: boolean;
  readonly isNextJobs?: boolean;
}

/** One word of short options, `-kj4` or `-C`; `next` may be the value of its last letter. */
function readLetters(word: string, next: string | undefined): Letters {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]!;
    const rest = word.slice(at + 1);
    if (WITH_VALUE.includes(letter)) {
      const isNext = rest === '' && next !== undefined;
      return {word, takesNext: isNext, ...(letter === 'C' && {directory: isNext ? next : rest})};
    }
    // Both take the whole rest as their value.
    if (letter === 'O' || letter === 'l')
      return {word, takesNext: letter === 'l' && rest === '' && isNumber(next)};
    if (letter !== 'j') continue;
    const before = word.slice(0, at);
    if (isNumber(rest)) return {word: before, jobs: Number(rest), takesNext: false};
    // Not a number: make says what is wrong with it.
    if (rest !== '') return {word, takesNext: false};
    return isNumber(next)
      ? {word: before, jobs: Number(next), takesNext: true, isNextJobs: true}
      : {word: before, jobs: 'unlimited', takesNext: false};
  }
  return {word, takesNext: false};
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

export interface JobserverPlace {
  readonly jobs: number;
  /** Of the named pipe. */
  readonly path: string;
  /** Of make: `4.3`. */
  readonly version: string;
}

/**
 * Descriptors of the pipe, for a make that knows no named ones. Shell scripts use 3 and 4 most, configure 5 and 6, flock 9;
 * a shell can open those of one digit alone.
 */
export const JOBSERVER_FDS = [7, 8] as const;

/** MAKEFLAGS for a make that is to ask our jobserver. `inherited`: what the user's environment says. */
export function makeFlags(inherited: string | undefined, {jobs, path, version}: JobserverPlace): string {
  const own = isAtLeast(version, 4, 4)
    ? `-j${jobs} --jobserver-auth=fifo:${path}`
    : isAtLeast(version, 4, 2)
      ? `-j${jobs} --jobserver-auth=${JOBSERVER_FDS.join()}`
      : `-j --jobserver-fds=${JOBSERVER_FDS.join()}`;
  // Blanks in values are escaped with a backslash.
  const words: readonly string[] = (inherited ?? '').match(/(?:[^\s\\]|\\.)+/gs) ?? [];
  const variables = words.indexOf('--');
  const flags = (variables < 0 ? words : words.slice(0, variables)).filter(
    word => !/^-j\d*$|^--jobs(?:=|$)|^--jobserver-/.test(word),
  );
  return [...flags, own, ...(variables < 0 ? [] : words.slice(variables))].join(' ');
}

/** The words of a MAKEFLAGS: its first one may be options without their dash. */
export function inheritedWords(flags: string): string[] {
  const [first = '', ...rest] = flags.split(' ');
  return /^[^-=]+$/.test(first) ? [`-${first}`, ...rest] : [first, ...rest];
}

/** Whether such a make takes a pipe by its name. */
export function takesNamedPipe(version: string): boolean {
  return isAtLeast(version, 4, 4);
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
