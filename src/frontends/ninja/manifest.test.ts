import {describe, expect, it} from 'vitest';
import {FailureError, type ManifestInvalid} from '../../failure.ts';
import {
  EDGE_CONSOLE,
  EDGE_DEPS_GCC,
  EDGE_DEPS_MSVC,
  EDGE_GENERATOR,
  EDGE_PHONY,
  EDGE_RESTAT,
  type EdgeText,
  type Graph,
} from '../../graph/graph.ts';
import {ninjaFolder} from '../../test/ninja-folder.ts';
import {loadManifest, type Manifest} from './manifest.ts';

type Files = Readonly<Record<string, string>>;

function load(files: Files | string): Manifest {
  const folder = ninjaFolder(typeof files === 'string' ? {'build.ninja': files} : files);
  return loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
}

function edgeOf(graph: Graph, output: string): number {
  return graph.producer(graph.find(output) ?? -1);
}

/** The texts of the edge that makes `output`. */
function check(files: Files | string, output: string, expected: Partial<Record<EdgeText, string>>): void {
  const {graph} = load(files);
  const edge = edgeOf(graph, output);
  for (const [name, text] of Object.entries(expected)) {
    expect(graph.text(edge, name as EdgeText), name).toBe(text);
  }
}

const CC = 'rule cc\n  command = cc $flags -c $in -o $out\n';

describe('variables', () => {
  it('of the file are evaluated where they stand', () => {
    check(`a = 1\nflags = $a\na = 2\n${CC}build o: cc i\n`, 'o', {command: 'cc 1 -c i -o o'});
  });

  it('of a rule are evaluated at the end, for the edge that uses it', () => {
    check(`${CC}flags = early\nbuild o: cc i\nflags = late\n`, 'o', {command: 'cc late -c i -o o'});
    check(`${CC}build o: cc i\n  flags = own $in\n`, 'o', {command: 'cc own  -c i -o o'});
  });

  it('of a file count as they are at its end for the edges of files below, too', () => {
    const files = {
      'build.ninja': `${CC}rule d\n  command = x\n  deps = $kind\nsubninja s\nkind = gcc\nflags = late\nbuild p: phony\np = 1\n`,
      s: 'build o: cc i\nbuild q: cc i\n  flags = own\nbuild r: d\n',
    };
    check(files, 'o', {command: 'cc late -c i -o o'});
    check(files, 'q', {command: 'cc own -c i -o q'});
    const {graph, files: read} = load(files);
    expect(graph.has(edgeOf(graph, 'r'), EDGE_DEPS_GCC)).toBe(true);
    expect(read).toEqual(['build.ninja', 's']);
    expect(graph.edgeCount).toBe(4);
  });

  it('of an edge see those of the file, not each other', () => {
    check(`x = file\n${CC}build o: cc i\n  x = edge\n  flags = $x\n`, 'o', {command: 'cc file -c i -o o'});
  });

  it('of an edge are seen by the paths of its statement', () => {
    const {graph} = load(`${CC}build \${dir}/o: cc $dir/i | $dir/j || $dir/k |@ $dir/v\n  dir = d\n`);
    const edge = edgeOf(graph, 'd/o');
    expect(Array.from(graph.orderingIns(edge), id => graph.path(id))).toEqual(['d/i', 'd/j', 'd/k']);
    expect(Array.from(graph.validations(edge), id => graph.path(id))).toEqual(['d/v']);
  });

  it('of a rule may use each other, in any order', () => {
    check(
      'rule r\n  description = $command!\n  command = go $rspfile\n  rspfile = $out.rsp\n  rspfile_content = $in\nbuild o: r i\n',
      'o',
      {
        command: 'go o.rsp',
        description: 'go o.rsp!',
        rspfile: 'o.rsp',
        rspfileContent: 'i',
      },
    );
  });

  it('of the file hide those of a rule for an edge that has none of its own', () => {
    const text = `description = of the file\nrule r\n  command = x\n  description = of the rule\nbuild a: r\nbuild b: r\n  y = 1\n`;
    check(text, 'a', {description: 'of the file'});
    check(text, 'b', {description: 'of the rule'});
  });

  it('are empty where nobody sets them', () => {
    check(`${CC}build o: cc i\n`, 'o', {command: 'cc  -c i -o o', description: '', depfile: '', rspfile: ''});
  });

  it('$in and $out are the explicit ones, quoted for the shell, in order', () => {
    check(
      "rule r\n  command = $in:$out:$in_newline\n  depfile = $out.d\nbuild o$ 1 p | q: r b a$$ it's | c || d\n",
      'o 1',
      {
        command: "b 'a$' 'it'\\''s':'o 1' p:b\n'a$'\n'it'\\''s'",
        depfile: 'o 1 p.d',
        rule: 'r',
      },
    );
  });
});

describe('scopes', () => {
  const files = (keyword: string): Files => ({
    'build.ninja': `v = outer\n${CC}${keyword} sub/more.ninja\nflags = $v $w\nbuild o: cc i\n`,
    'sub/more.ninja':
      'w = inner\nv = changed\nrule own\n  command = $v $w\nbuild p: own\nbuild q: cc i\n  flags = $w\n',
  });

  it('an included file shares', () => {
    check(files('include'), 'o', {command: 'cc changed inner -c i -o o'});
    check(files('include'), 'p', {command: 'changed inner'});
  });

  it('a subninja file has its own, and sees the one above', () => {
    check(files('subninja'), 'o', {command: 'cc outer  -c i -o o'});
    check(files('subninja'), 'p', {command: 'changed inner'});
    check(files('subninja'), 'q', {command: 'cc inner -c i -o q'});
  });

  it('of rules: one of the same name hides the outer one there alone', () => {
    const both: Files = {
      'build.ninja': 'rule r\n  command = outer\nsubninja s\nbuild o: r\n',
      s: 'rule r\n  command = inner\nrule phony\n  command = real\nbuild p: r\nbuild q: phony\n',
    };
    check(both, 'o', {command: 'outer'});
    check(both, 'p', {command: 'inner'});
    check(both, 'q', {command: 'real'});
    expect(load(both).files).toEqual(['build.ninja', 's']);
  });

  it('builddir is that of the first file', () => {
    const text = {'build.ninja': 'builddir = out/$x\nsubninja s\n', s: 'builddir = other\n'};
    expect(load(text).graph.buildDir).toBe('out/');
  });
});

describe('edges', () => {
  it('have their properties as flags', () => {
    const {graph} = load(
      'rule r\n  command = x\n  deps = $kind\n  restat = $re\n  generator = $gen\n' +
        'pool p\n  depth = 2\n' +
        'build a: r\n  kind = gcc\n  re = 1\n  pool = p\n' +
        'build b: r\n  kind = msvc\n  gen = 0\n  pool = console\n' +
        'build c: phony a b\nbuild d: r\n',
    );
    const flags = (out: string) => graph.arrays.edgeFlags[edgeOf(graph, out)];
    expect(flags('a')).toBe(EDGE_DEPS_GCC | EDGE_RESTAT);
    expect(flags('b')).toBe(EDGE_DEPS_MSVC | EDGE_GENERATOR | EDGE_CONSOLE);
    expect(flags('c')).toBe(EDGE_PHONY);
    expect(flags('d')).toBe(0);
    expect(graph.pools).toEqual([{name: 'p', depth: 2}]);
    expect(graph.arrays.edgePool[edgeOf(graph, 'a')]).toBe(0);
    expect(graph.arrays.edgePool[edgeOf(graph, 'b')]).toBe(-1);
  });

  it('keep the kinds of inputs and outputs apart', () => {
    const {graph} = load(`${CC}build a b | c: cc d e | f g || h |@ i\n`);
    const edge = edgeOf(graph, 'c');
    const names = (ids: Int32Array) => Array.from(ids, id => graph.path(id)).join(' ');
    expect(names(graph.explicitOuts(edge))).toBe('a b');
    expect(names(graph.outs(edge))).toBe('a b c');
    expect(names(graph.explicitIns(edge))).toBe('d e');
    expect(names(graph.dirtyingIns(edge))).toBe('d e f g');
    expect(names(graph.orderingIns(edge))).toBe('d e f g h');
    expect(names(graph.validations(edge))).toBe('i');
    expect(graph.consumers(graph.find('h')!)).toHaveLength(1);
    expect(graph.consumers(graph.find('i')!)).toHaveLength(0);
  });

  it('spell paths canonically', () => {
    check(`${CC}build ./x//../o: cc ./i\n`, 'o', {command: 'cc  -c i -o o'});
  });

  it('lose themselves as inputs where they are phony, with a warning', () => {
    const {graph, warnings} = load('build a: phony a b || a c\n');
    expect(Array.from(graph.orderingIns(0), id => graph.path(id))).toEqual(['b', 'c']);
    expect(warnings).toEqual(["phony target 'a' names itself as an input; ignoring [-w phonycycle=warn]"]);
  });

  it('know their dyndep file', () => {
    const {graph} = load(`${CC}build o: cc i || ./dd\n  dyndep = dd\n`);
    expect(graph.path(graph.dyndep(0))).toBe('dd');
  });
});

it('takes defaults, comments, and lines ended by carriage returns', () => {
  const {graph} = load(
    '# top\r\nrule r\r\n  command = x $in\r\nbuild a: r $\r\n   b\r\n  # inside\r\ndefault ./a\r\n',
  );
  expect(graph.text(0, 'command')).toBe('x b');
  expect(Array.from(graph.arrays.defaults, id => graph.path(id))).toEqual(['a']);
});

describe('faults are told in the words of ninja, with its excerpt', () => {
  it.each<[name: string, files: Files | string]>([
    ['unknown default', 'default a\n'],
    ['unknown default among others', 'build a: phony\ndefault   a nonexistent   a\n'],
    ['default of nothing', 'default\n'],
    ['default with a colon', 'build a: phony\ndefault a:\n'],
    ['missing colon', 'build a\n'],
    ['missing output', 'build : phony\n'],
    ['missing rule', 'build a:\n'],
    ['unknown rule', 'build a: nobody b\n'],
    ['unknown rule in a long line', `build ${'long/'.repeat(12)}name: nobody b c d e f g h i\n`],
    ['fault beyond the excerpt', `build ${'long/'.repeat(20)}name: nobody\n`],
    ['a line of just the greatest length', `build a: nobody ${'x'.repeat(56)}\n`],
    ['two makers', 'build a: phony\nbuild a: phony\n'],
    ['an output twice', 'build a b a: phony\n'],
    ['an output that is implicit too', 'build a | a: phony\n'],
    ['an output twice before one of another’s', 'build b: phony\nbuild a a b: phony\n'],
    ['empty path', 'build $nothing: phony\n'],
    ['empty input', 'build a: phony $nothing\n'],
    ['tab', 'build a: phony\n\tx = 1\n'],
    ['indent without a statement', '  x = 1\n'],
    ['bad escape', 'x = $%\n'],
    ['bad escape in the middle', 'rule r\n  command = a b $.c\n'],
    ['bad braces', `x = $\{a b}\n`],
    ['end inside a value', 'x = 3'],
    ['end inside a path', 'build a'],
    ['end after an escape', 'x = $'],
    ['carriage return alone', 'x = a\rb\n'],
    ['no value', 'x\n'],
    ['rule without a name', 'rule\n'],
    ['rule without a command', 'rule r\n  description = x\nbuild a: r\n'],
    ['rule at the end of the file', 'rule r\n'],
    ['rule with a strange variable', 'rule r\n  command = foo\n  othervar = bar\n'],
    ['rule twice', 'rule r\n  command = x\nrule r\n  command = y\n'],
    ['rule named phony', 'rule phony\n  command = x\n'],
    ['rule with half a response file', 'rule r\n  command = x\n  rspfile = y\n'],
    ['pool without a depth', 'pool p\n'],
    ['pool of negative depth', 'pool p\n  depth = -1\n'],
    ['pool with a strange variable', 'pool p\n  size = 1\n'],
    ['pool twice', 'pool p\n  depth = 1\npool p\n  depth = 1\n'],
    ['pool console', 'pool console\n  depth = 1\n'],
    ['pool without a name', 'pool : x\n'],
    ['unknown pool', 'rule r\n  command = x\nbuild a: r\n  pool = none\n'],
    ['dyndep that is no input', 'rule r\n  command = x\nbuild a: r\n  dyndep = dd\n'],
    ['keyword in the wrong place', 'build a: phony\n= 3\n'],
    ['bar in the wrong place', '|| x\n'],
    ['explicit after order-only', 'build a: phony || b | c\n'],
    ['included file that is not there', 'include nowhere.ninja\n'],
    ['included directory', 'subninja .\n'],
    [
      'included file with a fault',
      {'build.ninja': 'x = 1\nsubninja sub/b\n', 'sub/b': 'y = 1\nbuild a: none\n'},
    ],
    ['words after an include', {'build.ninja': 'include b c\n', b: ''}],
    ['no manifest', {}],
  ])('%s', (_name, files) => {
    const folder = ninjaFolder(typeof files === 'string' ? {'build.ninja': files} : files);
    const real = folder.ninja(['-n']);
    expect(real.status, real.stdout).toBe(1);
    const ninjaVersion = folder.ninja(['--version']).stdout.trim();
    let failure: ManifestInvalid | undefined;
    try {
      loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur', ninjaVersion});
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      failure = error.failure as ManifestInvalid;
    }
    const {file, line, text, excerpt} = failure!;
    const place = line === undefined ? '' : `${file}:${line}: `;
    const tail = excerpt === undefined ? '' : `${excerpt}\n`;
    expect(`ninja: error: ${place}${text}\n${tail}`.trimEnd()).toBe(real.stderr.trimEnd());
    if (excerpt !== undefined) expect(failure?.column).toBe(excerpt.split('\n')[1]!.indexOf('^') + 1);
  });

  it('a rule that needs itself', () => {
    const text = 'rule r\n  command = $depfile\n  depfile = $command\nbuild a: r\n';
    expect(() => load(text)).toThrow(FailureError);
  });

  it('bytes that are no UTF-8, by their line', () => {
    const folder = ninjaFolder({'build.ninja': Buffer.from('x = 1\ny = \xff\n', 'latin1')});
    const attempt = () => loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
    expect(attempt).toThrow(
      expect.objectContaining({failure: expect.objectContaining({text: 'not UTF-8', line: 2})}),
    );
  });
});
