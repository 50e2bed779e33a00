import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {unshareNames} from '../protocol/path-groups.ts';
import {extraClosure} from '../toolchain/loader.ts';
import {canSandbox, sources, treeOf, WorkerRig} from './worker-rig.ts';

/** Asks for one fact in many ways and prints every answer: what it prints here it must print on a worker. */
const PROBE = `
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static void say(const char *what, const char *text) { printf("%s: %s\\n", what, text ? text : strerror(errno)); fflush(stdout); }
static const char *content(const char *path) {
  static char text[256];
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  text[fread(text, 1, 255, file)] = 0;
  fclose(file);
  return text;
}
static const char *target(const char *path) {
  static char text[PATH_MAX];
  ssize_t got = readlink(path, text, sizeof text - 1);
  if (got < 0) return NULL;
  text[got] = 0;
  return text;
}
int main(int argc, char **argv) {
  char here[PATH_MAX], name[PATH_MAX], *args[] = {"sh", "-c", "echo from $0; pwd; cat one.txt", NULL}, *none[] = {NULL};
  struct stat one, other;
  say("argv0", argv[0]);
  say("getcwd", getcwd(here, sizeof here));
  say("current", get_current_dir_name());
  say("short getcwd", getcwd(name, 2));
  say("realpath", realpath(".", NULL));
  say("realpath of link", realpath("absolute-link", NULL));
  say("realpath of nothing", realpath("absent/x", NULL));
  say("canonical", canonicalize_file_name("sub/../relative-link"));
  say("exe", target("/proc/self/exe"));
  say("exe by realpath", realpath("/proc/self/exe", NULL));
  say("exe can be read", content("/proc/self/exe") ? "yes" : NULL);
  say("absolute link", target("absolute-link"));
  say("relative link", target("relative-link"));
  say("no link", target("one.txt"));
  say("through link", content("absolute-link"));
  snprintf(name, sizeof name, "%s//sub/two.txt", here);
  say("doubled slashes", content(name));
  snprintf(name, sizeof name, "/../..%s/one.txt", here);
  say("above the root", content(name));
  say("above the root, relative", content("../../../../../../../../../../../../../../../../../llama-no-such-file"));
  snprintf(name, sizeof name, "../../../../../../../../../../../../../../../../../..%s/one.txt", here);
  say("down again", content(name));
  say("stat through both", !stat("absolute-link", &one) && !stat("one.txt", &other) && one.st_ino == other.st_ino ? "same" : "other");
  say("absent", content("absent"));
  say("not a directory", content("one.txt/x"));
  say("hidden file of the system", access("/llama-no-such-directory", F_OK) ? "absent" : "there");
  if (chdir("sub")) return 1;
  say("changed directory", getcwd(NULL, 0));
  say("relative", content("two.txt"));
  say("upwards", content("../one.txt"));
  if (chdir(here)) return 1;
  int fd = open("sub", O_RDONLY | O_DIRECTORY);
  say("at", faccessat(fd, "two.txt", R_OK, 0) ? NULL : "found");
  int inner = openat(fd, "two.txt", O_RDONLY);
  snprintf(name, sizeof name, "/proc/self/fd/%d", inner);
  say("name of a descriptor", target(name));
  struct dirent **list;
  int count = scandir(here, &list, NULL, alphasort);
  for (int i = 0; i < count; i++) say("entry", list[i]->d_name);
  snprintf(name, sizeof name, "%s/made-XXXXXX", here);
  fd = mkstemp(name);
  say("temporary keeps its place", !strncmp(name, here, strlen(here)) && strlen(name) == strlen(here) + 12 ? "yes" : name);
  say("temporary is there", access(name, F_OK) ? NULL : "yes");
  say("temporary renamed", rename(name, "renamed") ? NULL : "yes");
  say("gone", access(name, F_OK) ? "yes" : "no");
  say("made", mkdir("new", 0755) ? NULL : "yes");
  snprintf(name, sizeof name, "%s/renamed", here);
  say("link made", symlink(name, "new/link") ? NULL : target("new/link"));
  say("removed", unlink("new/link") || rmdir("new") || unlink(name) ? NULL : "yes");
  pid_t child;
  int status;
  status = posix_spawnp(&child, "sh", NULL, NULL, args, none);
  if (!status) waitpid(child, &status, 0);
  say("spawn", status ? NULL : "yes");
  child = fork();
  if (!child) { execle("./script", "ignored", "word", (char *)NULL, none); _exit(9); }
  waitpid(child, &status, 0);
  printf("script: %d\\n", WEXITSTATUS(status));
  child = vfork();
  if (!child) { execlp("llama-no-such-program", "x", (char *)NULL); _exit(errno == ENOENT ? 3 : 4); }
  waitpid(child, &status, 0);
  printf("no program: %d\\n", WEXITSTATUS(status));
  fflush(stdout);
  printf("system: %d %d\\n", system("cat one.txt; exit 3") >> 8, system(NULL) != 0);
  status = system("kill -INT $$");
  printf("system by a signal: %d\\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  snprintf(name, sizeof name, "cat '%s/sub/two.txt'; exit 5", here);
  FILE *pipe = popen(name, "r");
  say("popen", pipe && fgets(name, sizeof name, pipe) ? name : NULL);
  printf("its end: %d\\n", pclose(pipe) >> 8);
  fflush(stdout);
  pipe = popen("cat", "w");
  fputs("to popen\\n", pipe);
  printf("its end: %d\\n", pclose(pipe));
  glob_t found;
  snprintf(name, sizeof name, "%s/s*/t*.txt", here);
  printf("glob: %d", glob(name, 0, NULL, &found));
  for (size_t i = 0; i < found.gl_pathc; i++) printf(" %s", found.gl_pathv[i]);
  globfree(&found);
  printf("\\nglob: %d", glob("*.{txt,c}", GLOB_BRACE | GLOB_MARK, NULL, &found));
  for (size_t i = 0; i < found.gl_pathc; i++) printf(" %s", found.gl_pathv[i]);
  printf("\\nno glob: %d\\n", glob("absent/*", GLOB_APPEND, NULL, &found) == GLOB_NOMATCH);
  globfree(&found);
  fflush(stdout);
  if (argc > 1) { char *again[] = {"another name", NULL}; execv(argv[0], again); }
  return 0;
}
`;

let rig: WorkerRig;
let directory: string;

beforeAll(async () => {
  rig = new WorkerRig({sandbox: canSandbox()});
  await rig.start();
  directory = sources({
    'one.txt': 'one\n',
    'sub/two.txt': 'two\n',
    'probe.c': PROBE,
    script: '#!/bin/sh -e\necho "script $0 $1 in $(pwd)"\nexec cat sub/two.txt\n',
  });
  chmodSync(join(directory, 'script'), 0o755);
  symlinkSync(join(directory, 'one.txt'), join(directory, 'absolute-link'));
  symlinkSync('sub/two.txt', join(directory, 'relative-link'));
});
afterAll(async () => {
  await rig.close();
  rmSync(directory, {recursive: true, force: true});
});

/** Runs a program of this machine on the worker with a tree of files, and here; answers both. */
async function both(argv: readonly string[], files: readonly string[]) {
  const {digest, path, loader} = await rig.identify('gcc');
  const [program = ''] = argv;
  const closure = [];
  for (const file of [program, ...files]) closure.push(...(await extraClosure(file, loader)).files);
  const {tree, files: blobs} = treeOf([program, ...files, ...closure, directory], directory);
  rig.upload(blobs);
  const env = {PATH: '/usr/bin:/bin', PWD: directory, LC_ALL: 'C'};
  const action = {
    toolchain: digest,
    program,
    args: argv,
    cwd: directory,
    env,
    umask: 0o022,
    inputs: {lists: [], own: tree},
    outputs: [],
  };
  const there = await rig.ask(action);
  if (there.kind === 'failure') throw new Error(`${there.reason}: ${there.text} (PATH ${path})`);
  const here = spawnSync(program, argv.slice(1), {cwd: directory, env, argv0: program});
  return {
    here: {status: here.status, stdout: here.stdout.toString(), stderr: here.stderr.toString()},
    there: {
      status: there.exitCode,
      stdout: Buffer.from(there.stdout.inline ?? []).toString(),
      stderr: Buffer.from(there.stderr.inline ?? []).toString(),
    },
    observed: there.observed,
  };
}

it('shows a program the same file system as here, in every way to ask', async () => {
  const compiled = spawnSync('gcc', ['-w', '-D_FORTIFY_SOURCE=2', '-O2', '-o', 'probe', 'probe.c'], {
    cwd: directory,
  });
  expect(compiled.stderr.toString()).toBe('');
  const names = ['one.txt', 'sub/two.txt', 'script', 'absolute-link', 'relative-link', 'probe.c'];
  const inputs = [...names.map(name => join(directory, name)), '/bin/sh', '/usr/bin/cat'];
  const {here, there} = await both([join(directory, 'probe'), 'again'], inputs);
  expect(there).toEqual(here);
  // The comparison means nothing if the program gave up early here.
  expect(here.stdout).toContain('argv0: another name');
});

it('starts no program that would see the machine itself', async () => {
  const source = 'int main(void) { return 7; }';
  const maker = spawnSync('gcc', ['-static', '-x', 'c', '-o', 'static', '-'], {
    cwd: directory,
    input: source,
  });
  expect(maker.stderr.toString()).toBe('');
  const path = join(directory, 'static');
  const {here, there, observed} = await both(['/bin/sh', '-c', path], ['/bin/sh', path]);
  expect([here.status, there.status]).toEqual([7, 126]);
  expect(observed.read).toContainEqual([directory, 'static']);
  rmSync(path);
});

it('carries shells and their children, without an environment too', async () => {
  const script =
    'cd sub && pwd && cat two.txt && readlink -f ../absolute-link && env -i /bin/sh -c "pwd; cat ../one.txt" && ls ..';
  const programs = ['/bin/sh', '/usr/bin/cat', '/usr/bin/readlink', '/usr/bin/env', '/usr/bin/ls'];
  const names = ['one.txt', 'sub/two.txt', 'absolute-link', 'relative-link', 'probe.c', 'script', 'probe'];
  const {here, there, observed} = await both(
    ['/bin/sh', '-c', script],
    [...programs, ...names.map(name => join(directory, name))],
  );
  expect(there).toEqual(here);
  expect(here.status).toBe(0);
  expect(observed.read).toContainEqual([join(directory, 'sub'), 'two.txt']);
  expect(observed.listed).toContainEqual([join(directory, 'sub'), '..']);
});

it('shows nothing that was not sent', async () => {
  mkdirSync(join(directory, 'kept back'), {recursive: true});
  const script = `ls -A "${directory}"; ls /etc; cat ${directory}/one.txt; echo "$SECRET"`;
  const {there, observed} = await both(['/bin/sh', '-c', script], ['/bin/sh', '/usr/bin/ls', '/usr/bin/cat']);
  expect(there.stdout).toBe('\n');
  expect(there.stderr.split('\n').filter(line => line !== '')).toHaveLength(2);
  expect(unshareNames(observed.absent)).toContainEqual([directory, 'one.txt']);
});
