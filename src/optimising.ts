/** When V8 optimises this program's functions. */
import {setFlagsFromString} from 'node:v8';

/**
 * After fifteen times as much bytecode as V8 thinks right: in a build of some hundred compiles the compiling of our own
 * code, on threads of its own, cost as much CPU as all that it sped up.
 */
export function optimiseLate(): void {
  setFlagsFromString('--interrupt-budget=1000000');
}

/**
 * Does `work`, a loop over megabytes, for which late is too late: LLVM's manifest is read in an eighth less time. Late
 * again afterwards, which is also the flag that bytecode is kept for.
 */
export function optimisingSooner<T>(work: () => T): T {
  setFlagsFromString('--interrupt-budget=300000');
  try {
    return work();
  } finally {
    optimiseLate();
  }
}
