/** The stub and the preload library as they are compiled, against the client's end of them. */
import {execFile, spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {SYSTEM_PATH} from '../test/tools.ts';
import {Interposer} from './interposer.ts';
import type {Answer, Question} from './question.ts';
import {StubServer} from './stub-server.ts';

let scratch: string;
let interposer: Interposer;
let server: StubServer;
let asked: Question[] = [];
let answer: Answer | 'fault' = {kind: 'real'};
let faults: string[] = [];

beforeAll(async () => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'llama-stub-')));
  const env = {PATH: `${join(scratch, 'bin')}:${SYSTEM_PATH}`, OWN: 'a=b'};
  mkdirSync(join(scratch, 'bin'));
  program('gcc', 'echo "real $0 $*"; echo "<$LD_PRELOAD$LLAMA_MAKE$LLAMA_MAKE_PROGRAM>"; exit 7');
  program('make', 'echo "make $*"');
  symlinkSync('gcc', join(scratch, 'bin/x86_64-linux-gnu-g++-12.2'));
  symlinkSync('gcc', join(scratch, 'bin/gcc-ar'));
  interposer = await Interposer.open({env, cacheDir: scratch, make: '/bin/sh'});
  server = await StubServer.listen(interposer.socket, {
    answer: async question => {
      asked.push(question);
      if (answer === 'fault') throw new Error('a fault');
      return answer;
    },
    onFault: error => faults.push(`${error}`),
  });
});

afterEach(() => {
  asked = [];
  faults = [];
  answer = {kind: 'real'};
});

afterAll(() => {
  server.close();
  interposer.close();
  rmSync(scratch, {recursive: true});
});

function program(name: string, script: string): void {
  writeFileSync(join(scratch, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(scratch, 'bin', name), 0o755);
}

interface End {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(script: string, env: NodeJS.ProcessEnv = interposer.env): Promise<End> {
  return new Promise(resolve => {
    execFile('/bin/sh', ['-c', script], {cwd: scratch, env}, (error, stdout, stderr) => {
      resolve({status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
  });
}

describe('a compile', () => {
  it('is asked about with its words, place, variables and umask, and answered with status and text', async () => {
    answer = {kind: 'done', status: 3, stderr: Buffer.from('a.c:1: ÿ warning\n'.repeat(20_000))};
    const before = process.hrtime.bigint();
    const end = await shell('umask 027; ADDED=" x" gcc -c "a b.c" "" -o x.o');
    expect(end).toEqual({status: 3, stdout: '', stderr: answer.stderr.toString()});
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      kind: 'compile',
      umask: 0o027,
      directory: scratch,
      program: join(scratch, 'bin/gcc'),
      words: ['gcc', '-c', 'a b.c', '', '-o', 'x.o'],
      env: {OWN: 'a=b', ADDED: ' x'},
    });
    expect(asked[0]!.asked > before && asked[0]!.asked < process.hrtime.bigint()).toBe(true);
    expect(Object.keys(asked[0]!.env).filter(name => /LLAMA|PRELOAD/.test(name))).toEqual([]);
  });

  it('that is not answered is run as it was, with nothing of ours about it', async () => {
    const end = await shell('bin/gcc -c a.c');
    expect(end).toEqual({status: 7, stdout: 'real bin/gcc -c a.c\n<>\n', stderr: ''});
    expect(asked[0]).toMatchObject({program: 'bin/gcc', words: ['bin/gcc', '-c', 'a.c']});
  });

  it.each([
    ['exec gcc -c a.c'],
    ['env gcc -c a.c'],
    ['printf "" | xargs gcc -c a.c'],
    ["perl -e 'exec {q(gcc)} q(gcc), q(-c), q(a.c)'"],
    ["perl -e 'system q(gcc), q(-c), q(a.c)'"],
    ["perl -e 'system q(gcc -c a.c; true)'"],
    ['python3 -c \'import subprocess; subprocess.call(["gcc", "-c", "a.c"])\''],
    ['python3 -c \'import os; os.posix_spawnp("gcc", ["gcc", "-c", "a.c"], os.environ); os.wait()\''],
    ['python3 -c \'import os; os.execlp("gcc", "gcc", "-c", "a.c")\''],
    ["sh -c 'cd bin; ../bin/gcc -c a.c'"],
    ['x86_64-linux-gnu-g++-12.2 -c a.c'],
  ])('is met by whatever way it is started: %s', async script => {
    await shell(script);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.words.slice(1)).toEqual(['-c', 'a.c']);
  });

  it.each([
    ['gcc a.c'],
    ['gcc -E a.c'],
    ['gcc-ar -c a.c'],
    ['echo gcc -c a.c'],
    ['nothing/gcc -c a.c'],
    ['env -i bin/gcc -c a.c'],
  ])('is not what is seen in: %s', async script => {
    await shell(script);
    expect(asked).toEqual([]);
  });

  it('is met by the functions with lists of words too', async () => {
    writeFileSync(
      join(scratch, 'lists.c'),
      `#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#define TRY(call) if (fork() == 0) { call; exit(1); } wait(0)
int main(int argc, char *argv[], char *envp[]) {
  TRY(execl("bin/gcc", "1", "-c", "a.c", (char *)0));
  TRY(execlp("gcc", "2", "-c", "a.c", (char *)0));
  TRY(execle("bin/gcc", "3", "-c", "a.c", (char *)0, envp));
  TRY(execv("bin/gcc", (char *[]){"4", "-c", "a.c", 0}));
  TRY(execvp("gcc", (char *[]){"5", "-c", "a.c", 0}));
  return argc != 1;
}
`,
    );
    expect(spawnSync('gcc', ['-w', '-o', 'lists', 'lists.c'], {cwd: scratch}).status).toBe(0);
    await shell('./lists');
    expect(asked.map(({words}) => words)).toEqual(['1', '2', '3', '4', '5'].map(n => [n, '-c', 'a.c']));
    expect(asked.map(question => question.program)).toEqual([
      'bin/gcc',
      join(scratch, 'bin/gcc'),
      'bin/gcc',
      'bin/gcc',
      join(scratch, 'bin/gcc'),
    ]);
  });

  it('runs as it was where the answer came to nothing, which is told of', async () => {
    answer = 'fault';
    expect((await shell('gcc -c a.c')).status).toBe(7);
    expect(faults).toEqual(['Error: a fault']);
  });

  it('runs as it was where nobody listens any more', async () => {
    const env = {...interposer.env, LLAMA_MAKE: join(scratch, 'gone')};
    mkdirSync(join(scratch, 'gone'));
    symlinkSync(join(interposer.directory, 'stub'), join(scratch, 'gone/stub'));
    expect((await shell('gcc -c a.c', env)).status).toBe(7);
  });

  it('runs as it was where the client goes away before it has answered', async () => {
    const place = join(scratch, 'rude');
    mkdirSync(place);
    symlinkSync(join(interposer.directory, 'stub'), join(place, 'stub'));
    const rude = createServer(socket => socket.once('data', () => socket.destroy()));
    await new Promise<void>(resolve => rude.listen(join(place, 'socket'), resolve));
    const end = await shell('gcc -c a.c', {...interposer.env, LLAMA_MAKE: place});
    rude.close();
    expect(end).toMatchObject({status: 7, stderr: ''});
  });
});

describe('a make', () => {
  it('with a number of jobs is told of, and runs with all that is ours', async () => {
    expect((await shell('make -C x -j4; make --jobs=2; make -j; make all')).stdout).toBe(
      'make -C x -j4\nmake --jobs=2\nmake -j\nmake all\n',
    );
    expect(asked.map(({kind, words}) => [kind, words[words.length - 1]])).toEqual([
      ['make', '-j4'],
      ['make', '--jobs=2'],
    ]);
  });
});

describe('by links on PATH', () => {
  /** As {@link Interposer} makes it where nothing can be preloaded. */
  function onPath(): NodeJS.ProcessEnv {
    const bin = join(interposer.directory, 'bin');
    mkdirSync(bin, {recursive: true});
    rmSync(join(bin, 'gcc'), {force: true});
    symlinkSync(join(interposer.directory, 'stub'), join(bin, 'gcc'));
    return {PATH: `${bin}:${join(scratch, 'bin')}:${SYSTEM_PATH}`, LLAMA_MAKE: interposer.directory};
  }

  it('the next program of the name is meant, and finds PATH as it was', async () => {
    const env = onPath();
    const end = await shell('gcc -c a.c', env);
    expect(end).toEqual({status: 7, stdout: `real ${join(scratch, 'bin/gcc')} -c a.c\n<>\n`, stderr: ''});
    expect(asked[0]).toMatchObject({program: join(scratch, 'bin/gcc'), words: ['gcc', '-c', 'a.c']});
    expect(asked[0]!.env.PATH).toBe(`${join(scratch, 'bin')}:${SYSTEM_PATH}`);
    expect((await shell('gcc --version', env)).stdout).toContain('--version');
    expect(asked).toHaveLength(1);
  });

  it('a stub that would find itself again says that there is no such program', async () => {
    const {LLAMA_MAKE = ''} = onPath();
    mkdirSync(join(scratch, 'again'), {recursive: true});
    symlinkSync(join(interposer.directory, 'stub'), join(scratch, 'again/gcc'));
    const end = await shell('gcc -c a.c', {LLAMA_MAKE, PATH: `${LLAMA_MAKE}/bin:${scratch}/again`});
    expect(end).toEqual({status: 127, stdout: '', stderr: 'gcc: command not found\n'});
    expect(asked).toEqual([]);
  });
});
