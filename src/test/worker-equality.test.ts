import {spawnSync} from 'node:child_process';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {canSandbox, has, sources, WorkerRig} from './worker-rig.ts';

/** What one line of the matrix adds to `CC -c SOURCE -o OUTPUT -MD -MF DEPFILE`. */
interface Case {
  readonly flags: readonly string[];
  /** Side outputs besides object and depfile. */
  readonly more?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  optimised: {flags: ['-O2']},
  'with debug information': {flags: ['-g']},
  'with DWARF 4': {flags: ['-gdwarf-4', '-O1']},
  'with sanitizers': {flags: ['-fsanitize=address,undefined', '-g']},
  'for link-time optimisation': {flags: ['-flto', '-O2', '-frandom-seed=x']},
  'for coverage': {flags: ['--coverage', '-frandom-seed=x'], more: ['main.gcno']},
  'with split debug information': {flags: ['-g', '-gsplit-dwarf'], more: ['main.dwo']},
  'with prefix maps of the user': {
    flags: ['-g', '-ffile-prefix-map=/usr=/elsewhere', '-fdebug-prefix-map=/tmp=/t'],
  },
  'with all warnings, in colour': {flags: ['-O2', '-Wall', '-Wextra', '-fdiagnostics-color=always']},
};

function project(): string {
  const directory = sources({
    'inc/first.h': '#pragma once\n#define FIRST __FILE__\nstatic inline int first(int x) { return x + 1; }\n',
    'inc/empty/.keep': '',
    'sub/twin.h': '#pragma once\nstatic int twin_a;\n',
    'body.h': '#include "sub/../inc/first.h"\n#include <assert.h>\n#include <stdio.h>\n#include <string.h>\n',
  });
  const text = [
    `#include "${directory}/body.h"`,
    '#include <first.h>',
    '#include "sub/twin.h"',
    'int unused_parameter(int a, int b) { return a; }',
    'int main(int argc, char **argv) {',
    '  assert(argc > 0 && "argument");',
    '  printf("%s %s %d %zu\\n", FIRST, __FILE__, first(argc) + twin_a, strlen(argv[0]));',
    '  return argv[argc - 1][0] / argc;',
    '}',
    '',
  ].join('\n');
  writeFileSync(join(directory, 'main.c'), text);
  writeFileSync(
    join(directory, 'main.cc'),
    `#include <map>\n#include <string>\nstd::map<std::string, int> m;\n${text}`,
  );
  return directory;
}

const sandbox = canSandbox();
const compilers: readonly (readonly [string, string, string])[] = [
  ['gcc', 'gcc', 'main.c'],
  ['g++', 'g++', 'main.cc'],
  ['clang-14', 'clang-14', 'main.c'],
  ['clang++-14', 'clang++-14', 'main.cc'],
  ['clang-19', 'clang-19', 'main.c'],
  ['clang++-19', 'clang++-19', 'main.cc'],
];

describe(`a worker ${sandbox ? 'in a sandbox without compiler and sources' : '(no bwrap: without a sandbox)'}`, () => {
  let rig: WorkerRig;
  let directory: string;
  beforeAll(async () => {
    rig = new WorkerRig({sandbox});
    directory = project();
    await rig.start();
  });
  afterAll(async () => {
    await rig.close();
    rmSync(directory, {recursive: true, force: true});
  });

  for (const [name, compiler, source] of compilers)
    describe.skipIf(!has(compiler))(`${name} (if installed)`, () => {
      for (const [title, {flags, more = []}] of Object.entries(CASES))
        it(`gives the local compiler's bytes ${title}`, async () => {
          const outputs = ['main.o', 'main.d', ...more];
          for (const output of outputs) rmSync(join(directory, output), {force: true});
          const argv = [compiler, '-Iinc', '-Iinc/empty', '-Isub', ...flags, '-c', source, '-o', 'main.o'];
          const dependencyFlags = ['-MD', '-MF', 'main.d'];
          const extra = ['inc/empty', 'sub'];
          const action = await rig.action({argv, cwd: directory, outputs, dependencyFlags, extra});
          const local = spawnSync('sh', ['-c', [...argv, ...dependencyFlags].join(' ')], {
            cwd: directory,
            env: {...process.env, PWD: directory},
          });
          expect(local.status).toBe(0);
          const result = await rig.ask(action);
          if (result.kind === 'failure') throw new Error(`${result.reason}: ${result.text}`);
          expect(Buffer.from(result.stderr.inline ?? []).toString()).toBe(local.stderr.toString());
          expect(result.exitCode).toBe(local.status);
          expect(result.outputs.map(output => output.path)).toEqual(outputs);
          for (const output of result.outputs) {
            const here = readFileSync(join(directory, output.path));
            expect(rig.bytes(output).equals(here), `${output.path} equal to the local one`).toBe(true);
          }
        });
    });
});
