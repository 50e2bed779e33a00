#!/usr/bin/env node
/** What `llama` starts: the program of `cli.ts`, which is a bundle of its own so that its bytecode can be kept. */
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {runProgram} from './code-cache.ts';
import {storePlace} from './options/store-place.ts';

runProgram(
  fileURLToPath(new URL('./program.cjs', import.meta.url)),
  join(storePlace(undefined, process.env), 'code'),
);
