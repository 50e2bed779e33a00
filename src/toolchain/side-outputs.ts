/**
 * Names of the files that gcc and clang write beside an object because a flag implies them. Measured with gcc 12 and
 * clang 14 and 19; where the two differ and the family is not known, both names are wanted and none is required.
 */
import type {WantedOutput} from '../protocol/invocation.ts';
import {baseName, type Family} from './compiler-name.ts';
import type {SideFacts} from './side-facts.ts';

export interface SideRequest {
  readonly family: Family;
  readonly stage: 'object' | 'assembly';
  readonly source: string;
  readonly output: string;
  readonly assembler: boolean;
}

/** The side outputs of one compile; required are those that both compilers write without exception. */
export function sideOutputs(facts: SideFacts, request: SideRequest): WantedOutput[] {
  const wanted = new Map<string, boolean>();
  const want = (path: string, required = false): void => {
    wanted.set(path, required || (wanted.get(path) ?? false));
  };
  const {family, source, output} = request;
  const stem = stemOf(output);
  const isObject = request.stage === 'object';
  for (const file of facts.named) want(file.path, file.flag === '-MJ');

  if (facts.split === 'split') {
    const certain = isObject && !facts.lto && !facts.emitLlvm && (family === 'gcc' || facts.debug);
    if (isObject) want(`${stem}.dwo`, certain && !request.assembler);
    // Clang splits off what `-S` leaves in the assembly too, under the source's name in the working directory.
    else if (family !== 'gcc') want(`${stemOf(baseName(source))}.dwo`);
  }
  const namesNote = facts.named.some(file => file.flag === '-fprofile-note=');
  if (facts.coverageNotes && !request.assembler && !namesNote) want(`${stem}.gcno`, family === 'gcc');
  if (facts.stackUsage && !request.assembler) want(`${stem}.su`);
  if (facts.callgraph && !request.assembler) want(`${stem}.ci`);
  if (facts.timeTrace && !request.assembler) want(`${stem}.json`);
  if (facts.optimizationRecord !== undefined && !request.assembler) {
    if (family !== 'gcc') want(`${stem}.opt.${facts.optimizationRecord}`);
    // gcc takes the source's suffix along when `-o` is given: x.o of a.c has x.c.opt-record.json.gz.
    if (family !== 'clang') want(`${stem}${suffixOf(source)}.opt-record.json.gz`);
  }
  return [...wanted].map(([path, required]) => ({path, required}));
}

/** A path without the last suffix of its file name; a name that only begins with a dot has none here. */
export function stemOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
}

function suffixOf(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}
