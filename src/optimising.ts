/** When V8 optimises this program's functions. */
import {setFlagsFromString} from 'node:v8';

/**
 * Bytes of a function's bytecode that run before it is optimised: fifteen times as much as V8 thinks right. In a build of
 * some hundred compiles the compiling of our own code, on threads of its own, cost as much CPU as all that it sped up.
 */
const LATE = 1_000_000;
/** Of 200,000, 300,000 and 500,000 the best for LLVM's manifest, by little; V8's own 67,584 takes a third more CPU. */
const SOONER = 300_000;

export function optimiseLate(): void {
  setFlagsFromString(`--interrupt-budget=${LATE}`);
}

/**
 * Does `work`, a loop over megabytes, for which late is too late. Late again afterwards, whatever was before: bytecode is
 * kept for that flag, and refused under another.
 */
export function optimisingSooner<T>(work: () => T): T {
  setFlagsFromString(`--interrupt-budget=${SOONER}`);
  try {
    return work();
  } finally {
    optimiseLate();
  }
}
