/**
 * A build is over before its garbage matters (`v8-flags.ts`); a watch goes on for hours, and has pauses in which V8 can
 * collect it: over 2,000 builds its memory otherwise grows by a fifth.
 */
import {setFlagsFromString} from 'node:v8';

/** The returned function takes it back: bytecode is kept for the flags of a build. */
export function collectInPauses(): () => void {
  setFlagsFromString('--incremental-marking');
  return () => setFlagsFromString('--no-incremental-marking');
}
