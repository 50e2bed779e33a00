/**
 * How V8 runs this program, which is short, waits most of the time, and shares the machine with compilers.
 *
 * V8 takes kept bytecode only under the flags that it was made with, and node's own modules come with bytecode made under
 * V8's defaults. So bytecode is taken and made under those (`code-cache.ts`): otherwise each of node's modules, and most
 * of their functions, were compiled anew in each run.
 */
import {setFlagsFromString} from 'node:v8';

interface Flag {
  readonly ours: string;
  readonly default: string;
}

const NODE = Number(process.versions.node.split('.')[0]);
/** V8 says on standard error that it does not know a flag: only these nodes were tried with ours. */
const isKnown = [20, 22, 24, 26].includes(NODE);
/** Later versions of V8 count calls. */
const hasBudget = NODE === 20;

/**
 * Bytes of a function's bytecode that run before it is optimised. Ours is fifteen times as much: in a build of some
 * hundred compiles the compiling of our own code, on threads of its own, cost as much CPU as all that it sped up.
 */
const BUDGET: Flag = {ours: '--interrupt-budget=1000000', default: '--interrupt-budget=67584'};
/** Of 200,000, 300,000 and 500,000 the best for LLVM's manifest, by little; V8's own takes a third more CPU. */
const SOONER = '--interrupt-budget=300000';
/** What is reachable is marked when memory is short, and not also ahead of that by other threads. */
const MARKING: Flag = {ours: '--no-incremental-marking', default: '--incremental-marking'};

const FLAGS: readonly Flag[] = [
  ...(hasBudget ? [BUDGET] : []),
  MARKING,
  // Short-lived memory is swept by one thread: there is little of it, and to wake four costs more than they do.
  {ours: '--no-parallel-scavenge', default: '--parallel-scavenge'},
  // The parser of HTTP in WebAssembly is large, and reads some hundred bytes of headers for each compile: to optimise it
  // took a tenth of a build's CPU on a thread of its own, which the end of the process waited for. (Without the second,
  // V8 optimises it all the same.)
  {ours: '--no-wasm-tier-up', default: '--wasm-tier-up'},
  {ours: '--no-wasm-dynamic-tiering', default: '--wasm-dynamic-tiering'},
];

interface Use {
  areOurs: boolean;
  marksAhead: boolean;
}

/** What starts the program and the program are bundles of their own, with a copy of this module each, and one V8. */
const SHARED = Symbol.for('llama.v8-flags');
const shared = globalThis as {[SHARED]?: Use};
shared[SHARED] ??= {areOurs: false, marksAhead: false};
const use = shared[SHARED];

/** From now on V8 runs the program as it should be run. */
export function useOurFlags(): void {
  use.areOurs = true;
  if (!isKnown) return;
  for (const flag of FLAGS) setFlagsFromString(flag === MARKING && use.marksAhead ? flag.default : flag.ours);
}

/** Does `work`, which loads code or keeps its bytecode and is done when it returns, under V8's defaults. */
export function withDefaultFlags<T>(work: () => T): T {
  if (!use.areOurs || !isKnown) return work();
  for (const flag of FLAGS) setFlagsFromString(flag.default);
  use.areOurs = false;
  try {
    return work();
  } finally {
    useOurFlags();
  }
}

/** Does `work`, a loop over megabytes that loads nothing, for which our time to optimise is too late. */
export function optimisingSooner<T>(work: () => T): T {
  if (!hasBudget) return work();
  setFlagsFromString(SOONER);
  try {
    return work();
  } finally {
    setFlagsFromString(use.areOurs ? BUDGET.ours : BUDGET.default);
  }
}

/**
 * A build is over before its garbage matters; a watch goes on for hours, and has pauses in which V8 can collect it: over
 * 2,000 builds its memory otherwise grows by a fifth.
 */
export function collectInPauses(): void {
  use.marksAhead = true;
  if (use.areOurs) useOurFlags();
}
