import {existsSync, readFileSync, statSync, utimesSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {NINJAS, type NinjaFolder, ninjaFolder} from '../../test/ninja-folder.ts';
import {parseBuildLog} from './build-log.ts';
import {readDepsLog} from './deps-log.ts';
import {loadManifest} from './manifest.ts';
import {singleEdgeManifest} from './single-edge-manifest.ts';

/** Has ninja run the edge that makes `output`, from a manifest of its own; answers what it said. */
function runAlone(
  folder: NinjaFolder,
  output: string,
  ninja = 'ninja',
  discovered: readonly string[] = [],
): string {
  const {graph} = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
  const manifest = singleEdgeManifest(graph, graph.producer(graph.find(output)!), {
    builddir: '.own state/0',
    isFile: node => statSync(join(folder.path, graph.path(node)), {throwIfNoEntry: false}) !== undefined,
    discovered: discovered.map(path => graph.intern(path)),
  });
  folder.write({'.own state/0/build.ninja': manifest!});
  const {status, stdout, stderr} = folder.ninja(['--quiet', '-j1', '-f', '.own state/0/build.ninja'], ninja);
  expect(stderr).toBe('');
  expect(status, stdout).toBe(0);
  return stdout;
}

function recorded(folder: NinjaFolder): string[] {
  const log = readFileSync(join(folder.path, '.own state/0/.ninja_log'), 'utf8');
  return [...parseBuildLog(log)].map(line => line.output);
}

const AWKWARD = [
  'a b',
  'c:d',
  'e$f',
  "it's",
  'g"h',
  'x|y',
  'größe',
  '#hash',
  ' lead',
  'tail ',
  'semi;colon',

  '*',
  '~',
  '|',
  '$',
];

describe.each(NINJAS)('%s', ninja => {
  it.each(AWKWARD)('runs an edge whose paths and command hold %j', name => {
    const path = name.replaceAll(/[$ :]/g, '$$$&').replaceAll('|', `$\{bar}`);
    const folder = ninjaFolder({
      'build.ninja': `bar = |\nrule r\n  command = printf '%s' '  ${name.replaceAll("'", '').replaceAll('$', '$$$$')}' > $out; cat $in >> $out\nbuild out/${path}/o: r in/${path}\n`,
      [`in/${name}`]: 'content',
    });
    runAlone(folder, `out/${name}/o`, ninja);
    const text = `  ${name.replaceAll("'", '')}content`;
    expect(readFileSync(join(folder.path, `out/${name}/o`), 'utf8')).toBe(text);
    expect(recorded(folder)).toEqual([`out/${name}/o`]);
    // A path may be one name as well.
    folder.write({'build.ninja': `bar = |\nrule r\n  command = cp $in $out\nbuild ${path}: r in/${path}\n`});
    runAlone(folder, name, ninja);
    expect(readFileSync(join(folder.path, name), 'utf8')).toBe('content');
  });

  it('records what is discovered, for all outputs', () => {
    const folder = ninjaFolder({
      'build.ninja': `rule r\n  command = $\n    : > a; : > b; echo 'a: h' > a.d\n  depfile = a.d\n  deps = gcc\nbuild a | b: r i || never\n`,
      i: '',
      h: '',
    });
    runAlone(folder, 'a', ninja);
    expect(recorded(folder).sort()).toEqual(['a', 'b']);
    const log = readDepsLog(join(folder.path, '.own state/0/.ninja_deps'));
    expect(typeof log === 'string' ? log : [...log.paths].sort()).toEqual(['a', 'b', 'h']);
    expect(existsSync(join(folder.path, 'a.d'))).toBe(false);
    expect(existsSync(join(folder.path, '.ninja_log'))).toBe(false);
  });

  it('records a time no older than a discovered header for an output that was left as it was', () => {
    const folder = ninjaFolder({
      'build.ninja': `rule r\n  command = echo 'a: h' > a.d\n  depfile = a.d\n  deps = gcc\n  restat = 1\nbuild a: r i\n`,
      i: '',
      a: '',
      h: '',
    });
    utimesSync(join(folder.path, 'i'), 5, 5);
    runAlone(folder, 'a', ninja, ['h']);
    const log = readFileSync(join(folder.path, '.own state/0/.ninja_log'), 'utf8');
    const {mtimeNs} = statSync(join(folder.path, 'h'), {bigint: true});
    for (const line of parseBuildLog(log)) expect(line.mtime).toBeGreaterThanOrEqual(mtimeNs);
    expect(recorded(folder)).toEqual(['a']);
  });

  it('says which lines of the output are names of headers', () => {
    const folder = ninjaFolder({
      'build.ninja': `rule r\n  command = echo 'INC: h'; : > a\n  deps = msvc\n  msvc_deps_prefix = INC:\nbuild a: r i\n`,
      i: '',
      h: '',
    });
    expect(runAlone(folder, 'a', ninja)).not.toContain('INC');
    const log = readDepsLog(join(folder.path, '.own state/0/.ninja_deps'));
    expect(typeof log === 'string' ? log : [...log.paths].sort()).toEqual(['a', 'h']);
  });

  it.each(['generator = 1', 'restat = 1', 'generator = 1\n  restat = 1', 'description = x'])(
    'runs an edge with %j although its output is newer than its inputs',
    binding => {
      const folder = ninjaFolder({
        'build.ninja': `rule r\n  command = echo ran >> runs; touch o\n  ${binding}\nbuild o: r i always\nbuild always: phony\n`,
        i: '',
        o: '',
      });
      utimesSync(join(folder.path, 'i'), 5, 5);
      runAlone(folder, 'o', ninja);
      expect(readFileSync(join(folder.path, 'runs'), 'utf8')).toBe('ran\n');
      expect(recorded(folder)).toEqual(['o']);
    },
  );

  it('runs nothing else, and asks for nothing that is not there', () => {
    const folder = ninjaFolder({
      'build.ninja': `rule r
  command = echo $out >> runs; cat $in > $out
build made: r source
build group: phony made | nowhere
build nowhere: r
build o: r group i || later
build later: r
build self: phony self
`,
      i: 'i',
      made: 'old',
      group: 'g',
    });
    runAlone(folder, 'o', ninja);
    expect(readFileSync(join(folder.path, 'runs'), 'utf8')).toBe('o\n');
  });

  it('gives the console', () => {
    const folder = ninjaFolder({
      'build.ninja': 'rule r\n  command = echo straight; : > $out\n  pool = console\nbuild o: r\n',
    });
    expect(runAlone(folder, 'o', ninja)).toContain('straight\n');
  });

  it('keeps a depfile that is not for the deps log', () => {
    const folder = ninjaFolder({
      'build.ninja': `rule r\n  command = : > o; echo 'o: h' > o.d\n  depfile = o.d\nbuild o: r\n`,
      h: '',
    });
    runAlone(folder, 'o', ninja);
    runAlone(folder, 'o', ninja);
    expect(existsSync(join(folder.path, 'o.d'))).toBe(true);
  });
});

it('is not to be had for a command of several lines', () => {
  const folder = ninjaFolder({'build.ninja': 'rule r\n  command = cat $in_newline\nbuild o: r a b\n'});
  const {graph} = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
  expect(singleEdgeManifest(graph, 0, {builddir: 'x', isFile: () => true, discovered: []})).toBeUndefined();
});
