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

/** V8 says on standard error that it does not know a flag. The one of a version that nobody has tried keeps its own. */
const VERSION = Number(process.versions.v8.split('.')[0]);

/**
 * Bytes of a function's bytecode that run before it is optimised. Ours is fifteen times as much: in a build of some
 * hundred compiles the compiling of our own code, on threads of its own, cost as much CPU as all that it sped up.
 */
const BUDGET: Flag = {ours: '--interrupt-budget=1000000', default: '--interrupt-budget=67584'};
/** Of 200,000, 300,000 and 500,000 the best for LLVM's manifest, by little; V8's own takes a third more CPU. */
const SOONER = '--interrupt-budget=300000';
/** Versions after node 20's count calls. */
const hasBudget = VERSION === 11;

const FLAGS: readonly Flag[] = [
  ...(hasBudget ? [BUDGET] : []),
  // What is reachable is marked when memory is short, and not also ahead of that by other threads.
  {ours: '--no-incremental-marking', default: '--incremental-marking'},
  // Short-lived memory is swept by one thread: there is little of it, and to wake four costs more than they do.
  {ours: '--no-parallel-scavenge', default: '--parallel-scavenge'},
  // The parser of HTTP in WebAssembly is large, and reads some hundred bytes of headers for each compile: to optimise it
  // took 4 % of a build's CPU, on a thread of its own.
  {ours: '--no-wasm-tier-up', default: '--wasm-tier-up'},
];
let areOurs = false;

/** From now on V8 runs the program as it should be run. */
export function useOurFlags(): void {
  for (const flag of FLAGS) setFlagsFromString(flag.ours);
  areOurs = true;
}

/** Does `work`, which loads code or keeps its bytecode, under V8's defaults. */
export function withDefaultFlags<T>(work: () => T): T {
  if (!areOurs) return work();
  for (const flag of FLAGS) setFlagsFromString(flag.default);
  areOurs = false;
  try {
    return work();
  } finally {
    useOurFlags();
  }
}

/** Does `work`, a loop over megabytes, for which our time to optimise is too late. */
export function optimisingSooner<T>(work: () => T): T {
  if (!hasBudget) return work();
  setFlagsFromString(SOONER);
  try {
    return work();
  } finally {
    setFlagsFromString(areOurs ? BUDGET.ours : BUDGET.default);
  }
}
