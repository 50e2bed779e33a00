/**
 * How V8 runs this program, which is short, waits most of the time, and shares the machine with compilers. Imported
 * first, for its effect; flags that V8 does not know are passed over.
 */
import {setFlagsFromString} from 'node:v8';
import {optimiseLate} from './optimising.ts';

optimiseLate();
// What is reachable is marked when memory is short, and not also ahead of that by other threads.
setFlagsFromString('--no-incremental-marking');
// Short-lived memory is swept by one thread: there is little of it, and to wake four costs more than they do.
setFlagsFromString('--no-parallel-scavenge');
// The parser of HTTP in WebAssembly is large, and reads some hundred bytes of headers for each compile: to optimise it
// took 4 % of a build's CPU, on a thread of its own.
setFlagsFromString('--no-wasm-tier-up');
