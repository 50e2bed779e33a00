// `npm run demo`: LevelDB, compiled by workers that share nothing with its source tree but a content-addressed store,
// and then held against the local compiler object by object. Exits with 1 on any difference. Plain node, so that a
// reader can follow it from top to bottom.

import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {SYSTEM_PATH} from '../scripts/system-path.mjs';

const project = join(import.meta.dirname, '..');
const work = join(project, 'bench/work/demo');
const build = join(work, 'build');
const store = join(work, 'store');
const summaryFile = join(work, 'summary.json');
const llama = join(project, 'dist/main.js');
const leveldb = join(project, 'node_modules/classic-level/deps/leveldb');

const env = {...process.env, PATH: SYSTEM_PATH};

const begun = performance.now();
for (const [what, needed] of [
  ['the bundle dist/main.js', llama],
  ['the package classic-level', leveldb],
]) {
  if (!existsSync(needed)) fail(`${what} is not there: run npm ci first`);
}
for (const tool of ['cmake', 'ninja', 'c++']) {
  if (spawnSync(tool, ['--version'], {env}).error)
    fail(`${tool} is not on the PATH: install cmake, ninja and a C++ compiler`);
}

step('Configure LevelDB with cmake, Release, for ninja');
rmSync(work, {recursive: true, force: true});
mkdirSync(work, {recursive: true});
run('cmake', [
  ...['-G', 'Ninja', '-S', join(project, 'bench/demo'), '-B', build],
  ...[`-DLEVELDB=${leveldb}`, '-DCMAKE_BUILD_TYPE=Release'],
]);

step('Build it with llama: an empty store, workers of the embedded cloud');
const args = ['build', build, '--store', store, '--summary', summaryFile];
run(process.execPath, [llama, ...args], {show: true});
const {compiles, invocations, bytes, wall_ms: llamaTime} = JSON.parse(readFileSync(summaryFile, 'utf8'));
say(`${compiles.remote} compiled by workers, ${compiles.cached} from the cache, ${compiles.local} here`);
say(
  `${invocations.started} invocations, ${megabytes(bytes.up)} up, ${megabytes(bytes.down)} down, ${seconds(llamaTime)}`,
);
if (compiles.remote === 0) fail('no compile was remote');

step('Ask ninja what is left to do');
const idle = run('ninja', ['-C', build]).trim().split('\n').at(-1);
say(idle);
if (idle !== 'ninja: no work to do.') fail('ninja found work to do');
const ours = {files: outputs(), deps: deps()};

step('Build the same directory with the local compiler: ninja -t clean, then ninja');
run('ninja', ['-C', build, '-t', 'clean']);
if (outputs().size !== 0) fail('ninja -t clean left objects');
const before = performance.now();
run('ninja', ['-C', build]);
say(seconds(performance.now() - before));
const theirs = {files: outputs(), deps: deps()};

step('Compare');
const names = [...new Set([...ours.files.keys(), ...theirs.files.keys()])].sort();
const different = names.filter(name => ours.files.get(name) !== theirs.files.get(name));
for (const name of different) say(`differs: ${name}`);
const objects = names.filter(name => name.endsWith('.o'));
say(
  `${objects.length} objects and ${names.length - objects.length} libraries and programs, ${different.length} different`,
);
if (objects.length < compiles.remote + compiles.cached + compiles.local) fail('some objects are missing');
if (different.length > 0) fail('llama and the local compiler made different files');
if (ours.deps !== theirs.deps) fail('ninja -t deps is not what a local build records');
say('ninja -t deps is the same after both');

process.stdout.write(
  `\nEvery object is equal, byte for byte, and ninja is idle. ${seconds(performance.now() - begun)} in all.\n`,
);
process.stdout.write(`Look around in ${build}\n`);

/** Path -> digest of every object, library and program. */
function outputs() {
  const found = new Map();
  for (const entry of readdirSync(build, {recursive: true, withFileTypes: true})) {
    const file = join(entry.parentPath, entry.name);
    const name = file.slice(build.length + 1);
    if (!entry.isFile() || /^CMakeFiles\/\d/.test(name) || !/\.[oa]$|_test$|^leveldbutil$/.test(name))
      continue;
    found.set(name, createHash('sha256').update(readFileSync(file)).digest('hex'));
  }
  return found;
}

/** What ninja knows of discovered headers, without times, in an order that does not depend on who finished first. */
function deps() {
  const records = run('ninja', ['-C', build, '-t', 'deps'])
    .replaceAll(/deps mtime \d+ /g, '')
    .split('\n\n');
  return records.sort().join('\n\n');
}

/** Runs a program to its end and returns its stdout; its failure is ours, with all that it said. */
function run(program, args, {show = false} = {}) {
  say(`$ ${[program === process.execPath ? 'node' : program, ...args].join(' ')}`);
  const stdio = show ? 'inherit' : 'pipe';
  const done = spawnSync(program, args, {env, stdio, encoding: 'utf8', maxBuffer: 1 << 28});
  if (done.error) fail(`${program} does not start: ${done.error.message}`);
  if (done.status !== 0) {
    if (!show) process.stderr.write(done.stdout + done.stderr);
    fail(`${program} ended with ${done.status ?? done.signal}`);
  }
  return done.stdout ?? '';
}

function step(text) {
  process.stdout.write(`\n== ${text}\n`);
}

function say(text) {
  process.stdout.write(`   ${text}\n`);
}

function fail(text) {
  process.stderr.write(`\ndemo: ${text}\n`);
  process.exit(1);
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function megabytes(count) {
  return `${(count / 1e6).toFixed(1)} MB`;
}
