/** What the flags of one command line say about files beside the object; names of files are for `side-outputs.ts`. */

/** Flags with effect on side outputs, the last of each kind winning. */
export interface SideFacts {
  split: 'no' | 'split' | 'single';
  /** Clang writes a `.dwo` only when some debug level is on. */
  debug: boolean;
  coverageNotes: boolean;
  lto: boolean;
  stackUsage: boolean;
  callgraph: boolean;
  timeTrace: boolean;
  /** Suffix of clang's record, `yaml` unless the flag names a format. */
  optimizationRecord: string | undefined;
  emitLlvm: boolean;
  /** Files whose names flags give. */
  named: {readonly flag: string; readonly path: string}[];
}

export function noSideFacts(): SideFacts {
  return {
    split: 'no',
    debug: false,
    coverageNotes: false,
    lto: false,
    stackUsage: false,
    callgraph: false,
    timeTrace: false,
    optimizationRecord: undefined,
    emitLlvm: false,
    named: [],
  };
}

/** Applies one flag; `name` is without its value where the flag table knows it with one. */
export function setSideFact(facts: SideFacts, name: string, value: string): void {
  switch (name) {
    case '-gsplit-dwarf':
    case '-gsplit-dwarf=split':
      facts.split = 'split';
      break;
    case '-gsplit-dwarf=single':
      facts.split = 'single';
      break;
    case '-gno-split-dwarf':
      facts.split = 'no';
      break;
    case '--coverage':
    case '-coverage':
    case '-ftest-coverage':
      facts.coverageNotes = true;
      break;
    case '-fstack-usage':
      facts.stackUsage = true;
      break;
    case '-fcallgraph-info':
    case '-fcallgraph-info=':
      facts.callgraph = true;
      break;
    case '-ftime-trace':
      facts.timeTrace = true;
      break;
    case '-fsave-optimization-record':
      facts.optimizationRecord = 'yaml';
      break;
    case '-fsave-optimization-record=':
      facts.optimizationRecord = value;
      break;
    case '-fno-save-optimization-record':
      facts.optimizationRecord = undefined;
      break;
    case '-emit-llvm':
      facts.emitLlvm = true;
      break;
    case '-flto':
    case '-flto=':
      facts.lto = true;
      break;
    case '-fno-lto':
      facts.lto = false;
      break;
  }
}

const DEBUG_LEVEL = /^-g(gdb|line-tables-only|mlt|dwarf(-?\d+)?|lldb|full|used)?[0-3]?$/;

/** Notes `-g` and its kin; any other word changes nothing. */
export function noteDebugLevel(facts: SideFacts, word: string): void {
  if (word.charCodeAt(1) !== 103 /* g */ || !DEBUG_LEVEL.test(word)) return;
  facts.debug = !/^-g(gdb)?0$/.test(word);
}
