/** What a program's name tells of a compiler driver. It looks at no file: `cc` may turn out to be either family. */

export type Family = 'gcc' | 'clang' | 'unknown';

/** Assemblers with a language of their own, which no compiler driver takes. */
export type Assembler = 'nasm' | 'yasm';

export interface CompilerName {
  readonly family: Family;
  /** A C++ driver takes a `.c` file for C++. */
  readonly cxx: boolean;
}

/**
 * `g++`, `clang-14`, `aarch64-linux-gnu-gcc-12.2`, `my-g++`; tools beside the compiler, such as `gcc-ar`, have more to
 * say. Any prefix will do: what a worker is to run is asked what it is.
 */
const DRIVER = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*-)?(gcc|g\+\+|clang\+\+|clang|c\+\+|cc)(?:-\d+(?:\.\d+)*)?$/;

const FAMILY: Readonly<Record<string, Family>> = {
  gcc: 'gcc',
  'g++': 'gcc',
  clang: 'clang',
  'clang++': 'clang',
};

const known = new Map<string, CompilerName | undefined>();

/** The driver that `program` (a name or a path) seems to be, or undefined if it is no compiler we know. */
export function compilerName(program: string): CompilerName | undefined {
  const memo = known.get(program);
  if (memo !== undefined || known.has(program)) return memo;
  const match = DRIVER.exec(baseName(program));
  const driver = match?.[1];
  const name =
    driver === undefined ? undefined : {family: FAMILY[driver] ?? 'unknown', cxx: driver.endsWith('++')};
  known.set(program, name);
  return name;
}

/** The assembler that `program` (a name or a path) seems to be. */
export function assemblerName(program: string): Assembler | undefined {
  return /^(nasm|yasm)(?:-\d[\d.]*)?$/.exec(baseName(program))?.[1] as Assembler | undefined;
}

/** Whether the path belongs to a folder of symlinks by which a launcher poses as the compiler. */
export function isMasquerade(program: string): boolean {
  return /(?:^|\/)(?:ccache|sccache|distcc|icecc)\/(?:bin\/)?[^/]+$/.test(program);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
