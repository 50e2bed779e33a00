/**
 * `start-program FILE FOLDER [ARGUMENT...]`: starts a bundle as `llama` starts the program, with its bytecode in the
 * folder.
 */
import {runProgram} from '../src/code-cache.ts';

const [file = '', folder = ''] = process.argv.splice(2, 2);
runProgram(file, folder);
