/** Why a compile stays on this machine: stable names that are counted, printed and tested. */

/** Each reason with one sentence for people; `ui/` prints them, nobody parses them. */
export const LOCAL_REASONS = {
  'shell-construct': 'the command needs a shell for more than words and quotes',
  'unknown-launcher': 'an unknown program stands in front of the compiler',
  'unknown-compiler': 'the compiler is not known to be gcc or clang',
  'launcher-options': 'the launcher is used in a way that is not understood',
  'launcher-settings': "the launcher's settings change what the compiler is given",
  'cl-driver': "the compiler takes its flags as Microsoft's cl does",
  'lint-wrapper': 'a linter runs together with the compiler',
  'compiler-wrapper': "another program stands behind the compiler's name, or runs its passes",
  'environment-output': 'a variable of the environment makes the compiler write another file',
  'environment-change': 'the command changes a variable by which programs are found or loaded',
  'not-text': 'a word, a directory or a variable of it is not UTF-8',
  'response-file': 'a response file is absent or nests too deeply',
  'unknown-flag': 'a flag is not known',
  'unknown-flag-file': 'an unknown flag names a file',
  'preprocessor-option': 'an option handed to the preprocessor is not understood',
  'assembler-option': 'an option handed to the assembler is not understood',
  'cc1-option': "an option handed to the compiler's front end names files",
  'config-file': "a configuration file adds to the compiler's flags",
  plugin: 'a compiler plugin is loaded',
  modules: 'C++ or Clang modules are used',
  pch: 'a precompiled header is made or used',
  'save-temps': 'intermediate files are kept',
  'dump-files': "the compiler's internal dumps are written",
  'dump-name': 'the names of side outputs are set by flags',
  'side-output': 'a file is written whose name cannot be foretold',
  'depfile-form': 'the dependency output is asked for in a form that compilers treat differently',
  'assembler-format': 'the object is not ELF',
  'assembler-environment': "a variable of the environment adds to the assembler's flags",
  'output-device': 'an output is not a plain file',
  'profile-directory': 'profile data is looked up by a name that the compiler makes',
  'vfs-overlay': 'a virtual file system is laid over the real one',
  'header-map': 'a header map of Xcode says where headers are',
  'working-directory': 'a flag changes the working directory',
  charset: 'a character set needs conversion tables of this machine',
  language: 'the language is not handled elsewhere',
  offload: 'code for another device is compiled along',
  'driver-output': 'the driver itself prints what it runs',
  console: 'the command needs the terminal for itself',
  'other-output': 'the command is to make files beyond those that its compile makes',
  'verify-differed': 'compiles with these flags were found to differ on a worker',
  native: "this machine's processor could not be put into flags that give the same code",
} as const satisfies Readonly<Record<string, string>>;

export type LocalReason = keyof typeof LOCAL_REASONS;

/** A reason with the word of the command that gave it. */
export interface Local {
  readonly reason: LocalReason;
  readonly detail: string;
}
