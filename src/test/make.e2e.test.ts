/** `llama make`: the trees that make itself makes, whatever recipes do besides compiling; and never more here than allowed. */
import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../protocol/digest.ts';
import {lastingProcesses} from './leftovers.ts';
import {MakeProject} from './make-project.ts';
import {check} from './project.ts';
import {useRig} from './rig.ts';
import {expectNothingLeft} from './same-as-ninja.ts';
import {SYSTEM_PATH} from './tools.ts';
import {untilExists} from './until.ts';

const rig = useRig();

/** A Makefile in a directory of its own; each value is a file. */
async function project(files: Readonly<Record<string, string>>): Promise<MakeProject> {
  const made = await MakeProject.open(rig, 'make-recipes');
  execFileSync('rm', ['-rf', made.directory]);
  mkdirSync(made.directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(made.path(name), text);
  return made;
}

/** A program by the name of `name` that runs `script` first. */
function program(directory: string, name: string, script: string): string {
  mkdirSync(directory, {recursive: true});
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('recipes that do more than compile', () => {
  it('leave the same tree, the first time and from the cache, and make then does what it does after itself', async () => {
    const recipes = await MakeProject.open(rig, 'make-recipes');
    const made = await recipes.byMake();
    const cold = await recipes.expectSame(made);
    // main, extra, twice pic, start, quoted, part, more, and the first probe; the second probe's contents do not compile.
    expect(cold.summary?.compiles).toMatchObject({remote: 9, cached: 0, local: 0, failed: 1});
    await recipes.renew();
    const warm = await recipes.expectSame(made);
    expect(warm.summary?.compiles).toMatchObject({remote: 0, cached: 9, failed: 1});
  });

  it('are equal with an absolute compiler too', async () => {
    const recipes = await MakeProject.open(rig, 'make-recipes');
    const args = ['CC=/usr/bin/gcc'];
    const made = await recipes.byMake(args);
    const built = await recipes.expectSame(made, args);
    expect(built.summary?.compiles).toMatchObject({local: 0, failed: 1});
  });

  it('are compiled again where make would: after a header was touched or changed', async () => {
    const recipes = await MakeProject.open(rig, 'make-recipes');
    await check(recipes.llama());
    writeFileSync(recipes.path('names.txt'), 'beta\nalpha\n');
    const later = new Date(Date.now() + 2000);
    utimesSync(recipes.path('names.txt'), later, later);
    const wanted = await check(recipes.make(['-n']));
    const built = await check(recipes.llama());
    const commands = (said: string) => said.split('\n').filter(line => line.startsWith('gcc'));
    expect(commands(built.stdout)).toEqual(commands(wanted.stdout));
    expect(commands(built.stdout).filter(line => line.includes(' main.c'))).toHaveLength(1);
    expect((await rig.run(recipes.path('program'), [])).stdout).toBe('alpha beta yes no\n');
  });
});

it('what was begun in vain is not begun again, unless make had no chance to ask for it', async () => {
  const made = await project({
    Makefile: 'all: a.o b.o\n%.o: %.c\n\tgcc -c -o $@ $<\nbad:\n\tfalse\n',
    'a.c': 'int a;\n',
    'b.c': 'int b;\n',
  });
  const journal = join(rig.store, 'make', digestOf(made.directory).slice(0, 16), 'journal.json');
  const listed = () => {
    const {compiles} = JSON.parse(readFileSync(journal, 'utf8')) as {compiles: string[][]};
    return compiles.map(words => words.at(-1)).sort();
  };
  await check(made.llama());
  expect(listed()).toEqual(['a.c', 'b.c']);
  for (const name of ['a.o', 'b.o']) rmSync(made.path(name));
  expect((await made.llama(['a.o', 'bad'])).status).toBe(2);
  expect(listed()).toEqual(['a.c', 'b.c']);
  rmSync(made.path('a.o'));
  await check(made.llama(['a.o']));
  expect(listed()).toEqual(['a.c']);
  await check(made.llama());
  expect(listed()).toEqual(['a.c', 'b.c']);
});

describe('the number of jobs', () => {
  const RECIPES = Array.from({length: 8}, (_, n) => `o${n}`);
  const counting = (directory: string) => ({
    Makefile: `all: ${RECIPES.join(' ')}\n${RECIPES.map(name => `${name}:\n\t@${directory}/local ${name}\n`).join('')}`,
  });

  /** Each run of the program tells how many run at that moment, itself included. */
  async function most(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
    const made = await project({});
    const tools = join(made.directory, 'tools');
    program(
      tools,
      'local',
      `mkdir -p running; : > running/$1; ls running | wc -l >> counts; ${'ls / >/dev/null; '.repeat(30)} rm running/$1`,
    );
    writeFileSync(made.path('Makefile'), counting(tools).Makefile);
    const built = await check(made.llama(args, {env}));
    expect(built.summary?.result).toBe('built');
    const counts = readFileSync(made.path('counts'), 'utf8').trim().split('\n').map(Number);
    expect(counts).toHaveLength(RECIPES.length);
    return Math.max(...counts);
  }

  it.each([
    [['-j1'], 1],
    [['-j', '3'], 3],
    [['--local-jobs', '2'], 2],
    [[], 1, {MAKEFLAGS: 'k -j1'} as Record<string, string>],
  ])('%j is for what runs here', async (args, limit, env = {}) => {
    expect(await most(args, env)).toBeLessThanOrEqual(limit);
  });

  it('does not hold compiles that wait for a worker, not even one job', async () => {
    const made = await project({
      // The only worker stands still until the recipe after the compile has run.
      Makefile: `CLIENT := $(shell cut -d' ' -f4 /proc/$$PPID/stat)
workers = for p in $$(cat /proc/$(CLIENT)/task/$(CLIENT)/children); do if grep -q worker.js /proc/$$p/cmdline; then kill -$(1) $$p; fi; done
all: a.o after
stop:
\t$(call workers,STOP); : > stop
a.o: a.c stop
\tgcc -c a.c -o a.o
after: stop
\t$(call workers,CONT); test ! -e a.o && : > after
`,
      'a.c': 'int a;\n',
    });
    const built = await check(made.llama(['-j1', '--remote-jobs', '1']));
    expect(built.summary?.compiles).toMatchObject({remote: 1, local: 0});
    expect(existsSync(made.path('a.o')) && existsSync(made.path('after'))).toBe(true);
  });

  it('leaves the descriptors that recipes use to them', async () => {
    const made = await project({
      Makefile: 'all:\n\t{ { $(MAKE) -s -f inner.mk; echo $$? >&3; } | cat; } 3>status 4>other\n',
      'inner.mk': 'all: a b\na b:\n\techo $@\n',
    });
    await check(made.llama());
    expect([readFileSync(made.path('status'), 'utf8'), readFileSync(made.path('other'), 'utf8')]).toEqual([
      '0\n',
      '',
    ]);
  });

  it('of a make of its own is told of', async () => {
    const made = await project({
      Makefile: 'all:\n\t+make -j3 -f inner.mk\n',
      'inner.mk': 'all:\n\t@echo inner\n',
    });
    const built = await check(made.llama());
    expect(built.stdout).toContain('inner');
    expect(built.stderr).toContain("llama: warning: 'make -j3 -f inner.mk' sets a number of jobs of its own");
  });
});

describe('what the last make compiled', () => {
  it('is begun before it is asked for, and counts only if its inputs are what they were', async () => {
    const made = await project({
      // Waits for all three results, then changes what one of them rests on.
      Makefile: `all: hold
\t$(MAKE) a.o b.o
hold: first.o
\tif test -n "$(RESULTS)"; then until test "$$(find $(RESULTS) -type f | wc -l)" -ge 3; do :; done; echo 'int changed;' > b.h; fi
\t: > hold
%.o: %.c
\tgcc -c $< -o $@
`,
      'first.c': 'int first;\n',
      'a.c': 'int a;\n',
      'b.c': '#include "b.h"\n',
      'b.h': 'int b;\n',
    });
    await check(made.llama());
    for (const name of ['first.o', 'a.o', 'b.o', 'hold']) rmSync(made.path(name));
    // What is known of this directory is beside the store, which is to have no results of it.
    const results = join(rig.store, 'results');
    rmSync(results, {recursive: true});
    mkdirSync(results);
    const built = await check(made.llama([`RESULTS=${results}`]));
    expect(built.summary?.compiles).toMatchObject({remote: 2, cached: 1, local: 0});
    expect((await check(rig.run('nm', [made.path('b.o')]))).stdout).toContain('changed');
    await expectNothingLeft(rig);
  });
});

describe('a compile that fails', () => {
  it('says what the compiler says, once, and make ends as it does', async () => {
    const made = await project({Makefile: 'a.o: a.c\n\tgcc -c a.c -o a.o\n', 'a.c': 'int a = ;\n'});
    const plain = await made.make();
    const built = await made.llama();
    expect(built.status).toBe(plain.status);
    expect(built.stderr.replaceAll(/^llama: .*\n/gm, '')).toBe(plain.stderr);
    expect(built.summary).toMatchObject({result: 'failed', compiles: {failed: 1, local: 0}});
    await expectNothingLeft(rig);
  });

  it('leaves what the compiler leaves: its list of headers, and no object where a pipe was used', async () => {
    const recipe = 'gcc -pipe -MMD -c a.c -o a.o';
    const made = await project({
      Makefile: `a.o: a.c\n\t${recipe}\n`,
      'a.c': '#include "a.h"\n',
      'a.h': '#error x\n',
    });
    const trees: string[][] = [];
    for (const build of [() => made.make(), () => made.llama()]) {
      writeFileSync(made.path('a.o'), 'old');
      utimesSync(made.path('a.o'), 1, 1);
      rmSync(made.path('a.d'), {force: true});
      expect((await build()).status).toBe(2);
      trees.push(readdirSync(made.directory).sort());
    }
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[0]).toEqual(['Makefile', 'a.c', 'a.d', 'a.h']);
  });

  it('leaves its directory to be missed by the compiler itself', async () => {
    const made = await project({Makefile: 'a.o: a.c\n\tgcc -c a.c -o sub/a.o\n', 'a.c': 'int a;\n'});
    const built = await made.llama();
    expect(built.status).toBe(2);
    expect(built.stderr).toContain("can't create sub/a.o: No such file or directory");
    expect(existsSync(made.path('sub'))).toBe(false);
  });
});

describe('what stands in the way of the stub', () => {
  it('an emptied environment: the compiler runs as ever', async () => {
    const made = await project({
      Makefile: 'a.o: a.c\n\tenv -i PATH="$$PATH" gcc -c a.c -o a.o\n',
      'a.c': 'int a;\n',
    });
    expect((await check(made.llama())).summary?.compiles).toMatchObject({remote: 0, local: 0});
    expect(existsSync(made.path('a.o'))).toBe(true);
  });

  it('a compiler of the project’s own by the same name: it runs', async () => {
    const made = await project({'a.c': 'int a;\n', Makefile: 'a.o: a.c\n\tgcc -c a.c -o a.o\n'});
    program(made.path('bin'), 'gcc', 'echo wrapped; exec /usr/bin/gcc "$@"');
    const built = await check(made.llama([], {env: {PATH: `${made.path('bin')}:${SYSTEM_PATH}`}}));
    expect(built.stdout).toContain('wrapped');
    expect(built.summary?.compiles).toMatchObject({remote: 0, local: 1});
  });

  it('a compiler that is a script without a word of what runs it: it runs by the shell', async () => {
    const made = await project({'a.c': 'int a;\n', Makefile: 'a.o: a.c\n\tgcc -c a.c -o a.o\n'});
    program(made.path('bin'), 'gcc', '');
    writeFileSync(made.path('bin/gcc'), 'echo wrapped; exec /usr/bin/gcc "$@"\n');
    const built = await check(made.llama([], {env: {PATH: `${made.path('bin')}:${SYSTEM_PATH}`}}));
    expect(built.stdout).toContain('wrapped');
  });

  it('another compiler in the place of one: it is asked anew', async () => {
    const made = await project({
      'a.c': 'int f(void) { return 1; }\n',
      Makefile:
        'all: a.c\n\tln -sf /usr/bin/gcc cc && ./cc -c a.c -o c.o\n\tln -sf /usr/bin/g++ cc && ./cc -c a.c -o cxx.o\n',
    });
    const built = await check(made.llama());
    const symbols = async (name: string) => (await check(rig.run('nm', [made.path(name)]))).stdout;
    expect([await symbols('c.o'), await symbols('cxx.o')]).toEqual([
      expect.stringContaining(' f\n'),
      expect.stringContaining(' _Z1fv\n'),
    ]);
    expect(built.summary?.compiles.failed).toBe(0);
  });

  it('bytes that are no text: they reach the compiler as they are', async () => {
    const made = await project({'a.c': 'char s[] = X;\n'});
    const latin1 = Buffer.from('a.o: a.c\n\tgcc -c a.c -DX=\'"\xe9"\' -o a.o\n', 'latin1');
    writeFileSync(made.path('Makefile'), latin1);
    const built = await check(made.llama());
    expect(readFileSync(made.path('a.o')).includes(Buffer.from([0xe9, 0]))).toBe(true);
    expect(built.summary?.local_reasons).toEqual({'not-text': 1});
  });

  it('a listing on standard output: it stays there', async () => {
    const made = await project({
      'a.c': 'int a;\n',
      Makefile: 'a.o: a.c\n\tgcc -c a.c -Wa,-al -o a.o > list\n',
    });
    await check(made.llama());
    expect(readFileSync(made.path('list'), 'utf8')).toContain('GAS LISTING');
  });

  it('a make that is killed with a token in its hands: the others go on', async () => {
    const made = await project({
      'a.c': 'int a;\n',
      Makefile: 'all:\n\t-$(MAKE) -f sub.mk\n\tgcc -c a.c -o b.o\n',
      // What runs beside the compile has the token that was lent for it.
      'sub.mk': 'all: a.o beside\na.o: a.c\n\tgcc -c a.c -o a.o\nbeside:\n\tkill -9 $$PPID\n',
    });
    const built = await check(made.llama(['-j1']));
    expect(built.all).toContain('Killed');
    expect(existsSync(made.path('b.o'))).toBe(true);
    await expectNothingLeft(rig);
  });

  it('a library that the user preloads is preloaded still, for the compiler as well', async () => {
    const made = await project({
      Makefile:
        'all: a.o b.o\na.o: a.c\n\tgcc -c a.c -o a.o\nb.o: b.c\n\tgcc -save-temps -c b.c; echo "<$$LD_PRELOAD>"\n',
      'a.c': 'int a;\n',
      'b.c': 'int b;\n',
      'own.c': 'int own;\n',
    });
    execFileSync('gcc', ['-shared', '-fPIC', '-o', 'own.so', 'own.c'], {cwd: made.directory});
    const built = await check(made.llama([], {env: {LD_PRELOAD: made.path('own.so')}}));
    expect(built.stdout).toMatch(new RegExp(`<${made.path('own.so')}:.*/exec-shim\\.so>`));
    expect(built.summary?.compiles).toMatchObject({remote: 1, local: 1});
  });

  it('a program that bears no library before its own: it runs without ours', async () => {
    const made = await project({
      Makefile: `all: prog
\t./prog && sh -c 'exec ./prog' && LD_PRELOAD="$$LD_PRELOAD" env ./prog
prog: prog.c
\tgcc -fsanitize=address -c prog.c && gcc -fsanitize=address -o prog prog.o
`,
      'prog.c':
        '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(getenv("LD_PRELOAD") ? "with" : "without"); return 0; }\n',
    });
    const built = await check(made.llama());
    expect(built.stdout.match(/^with.*$/gm)).toEqual(['without', 'without', 'without']);
    expect(built.summary?.compiles.remote).toBe(1);
  });

  it('a program that has to have its own library first, before the user’s other ones: it gets just those', async () => {
    const made = await project({
      Makefile: `all: prog
\t@LD_PRELOAD="$$LD_PRELOAD" ./prog
prog: prog.c
\tgcc -fsanitize=address -c prog.c && gcc -fsanitize=address -o prog prog.o
`,
      'prog.c':
        '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { printf("<%s>\\n", getenv("LD_PRELOAD")); return 0; }\n',
      'own.c': 'int own;\n',
    });
    execFileSync('gcc', ['-shared', '-fPIC', '-o', 'own.so', 'own.c'], {cwd: made.directory});
    const sanitizer = execFileSync('gcc', ['-print-file-name=libasan.so'], {encoding: 'utf8'}).trim();
    const list = `${sanitizer}:${made.path('own.so')}`;
    const env = {LD_PRELOAD: list, ASAN_OPTIONS: 'detect_leaks=0'};
    const built = await check(made.llama([], {env}));
    expect(built.stdout).toContain(`<${list}>`);
    expect(built.summary?.compiles.remote).toBe(1);
  });

  it('a static make: links on PATH do it, and an absolute compiler runs as ever', async () => {
    const made = await project({
      Makefile:
        'all: a.o b.o\na.o: a.c\n\tgcc -c a.c -o a.o\nb.o: b.c\n\t/usr/bin/gcc -c b.c -o b.o; which gcc\n',
      'a.c': 'int a;\n',
      'b.c': 'int b;\n',
      'make.c':
        '#include <unistd.h>\nint main(int n, char **v) { (void)n; v[0] = "make"; execv("/usr/bin/make", v); return 1; }\n',
    });
    mkdirSync(made.path('bin'));
    execFileSync('gcc', ['-static', '-o', 'bin/make', 'make.c'], {cwd: made.directory});
    const built = await check(made.llama([], {env: {PATH: `${made.path('bin')}:${SYSTEM_PATH}`}}));
    expect(built.summary?.compiles).toMatchObject({remote: 1, local: 0});
    expect(built.stdout).toMatch(/llama-make-\w+\/bin\/gcc\n/);
    await expectNothingLeft(rig);
  });
});

describe('the end', () => {
  it.each([
    ['SIGINT', 'process', 130],
    ['SIGINT', 'group', 130],
    ['SIGTERM', 'process', 143],
  ] as const)(
    'by %s to the %s leaves nothing running and nothing in the tree',
    async (signal, to, status) => {
      const made = await project({
        Makefile: 'all: a.o hold\na.o: a.c\n\tgcc -c a.c -o a.o\nhold: a.o\n\tcat gate > hold\n',
        'a.c': 'int a;\n',
      });
      await check(rig.run('mkfifo', [made.path('gate')]));
      const running = made.start();
      await untilExists(made.path('hold'), running);
      running.signal(signal, to);
      const done = await running.done;
      expect(done.status, done.all).toBe(status);
      await expectNothingLeft(rig);
      expect(readdirSync(made.directory).sort()).toEqual(['Makefile', 'a.c', 'a.o', 'gate']);
    },
  );
});

describe('a client that is killed', () => {
  it('takes its make with it, and what it leaves goes with the next one', async () => {
    const made = await project({Makefile: 'all: hold\nhold:\n\tcat gate > hold\n'});
    await check(rig.run('mkfifo', [made.path('gate')]));
    const running = made.start();
    await untilExists(made.path('hold'), running);
    running.signal('SIGKILL');
    await running.done;
    expect(await lastingProcesses(rig.scratch)).toEqual([]);
    expect(readdirSync(rig.temporary)).toHaveLength(1);
    await check(made.llama(['-n']));
    await expectNothingLeft(rig);
  });
});

describe('wrong usage', () => {
  it.each([
    [['--cloud', 'mars'], "--cloud takes aws or embedded, not 'mars'"],
    [['-C', 'nowhere'], "-C: there is no directory '"],
    [['-j0'], '-j takes a whole number of at least 1'],
    [['--summary', '/nowhere/s.json'], "--summary: cannot write '/nowhere/s.json'"],
  ])('%j is one line and status 2', async (args, text) => {
    const made = await project({Makefile: 'all:\n'});
    const done = await made.start(args).done;
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(`llama: error: ${text}`);
    expect(done.stdout).toBe('');
  });

  it('without a make: what to install', async () => {
    const made = await project({Makefile: 'all:\n'});
    mkdirSync(made.path('bin'));
    for (const name of ['sh', 'gcc']) symlinkSync(`/usr/bin/${name}`, join(made.path('bin'), name));
    const done = await made.start([], {env: {PATH: made.path('bin')}}).done;
    expect(done.status).toBe(2);
    expect(done.stderr).toBe(
      'llama: error: there is no make on PATH\n  install GNU make (Debian: apt install make)\n',
    );
  });

  it('is left to make where it is make’s', async () => {
    const made = await project({Makefile: 'all:\n\t@echo made\n'});
    const done = await made.llama(['--no-such-flag']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("make: unrecognized option '--no-such-flag'");
    expect((await check(made.llama(['--', '--silent', 'all']))).stdout).toBe('made\n');
    expect(statSync(made.directory).isDirectory()).toBe(true);
  });
});
