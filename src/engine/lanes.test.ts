import {describe, expect, it} from 'vitest';
import type {Project} from '../frontends/project.ts';
import {EDGE_CONSOLE, EDGE_DEPS_GCC, EDGE_DEPS_MSVC, EDGE_GENERATOR} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';
import {flagSignature, Lanes} from './lanes.ts';

interface Spec {
  readonly command: string;
  readonly outs?: readonly string[];
  readonly flags?: number;
  readonly depfile?: string;
  readonly rspfile?: readonly [path: string, content: string];
  readonly dyndep?: boolean;
}

const COMPILE = 'g++ -O2 -Iinc -DX=1 -MD -MF a.o.d -o a.o -c /src/a.cc';

function lanesOf(
  spec: Spec,
  options: {distrusted?: string[]; remoteRules?: string[]; env?: NodeJS.ProcessEnv} = {},
): Lanes {
  const builder = new GraphBuilder();
  const source = builder.node('/src/a.cc');
  const [rspfile = '', rspfileContent = ''] = spec.rspfile ?? [];
  builder.addEdge({
    texts: {command: spec.command, depfile: spec.depfile ?? '', rspfile, rspfileContent, rule: 'MAKE_IT'},
    flags: spec.flags ?? 0,
    pool: -1,
    ins: [source],
    explicitIns: 1,
    dirtyingIns: 1,
    outs: (spec.outs ?? ['a.o']).map(out => builder.node(out)),
    explicitOuts: 1,
    validations: [],
    dyndep: spec.dyndep ? builder.node('a.dd') : -1,
    hash: [0, 0],
  });
  const graph = builder.freeze({defaults: [], buildDir: ''});
  const project = {graph, directory: '/build', directoryOf: () => '/build'} as unknown as Project;
  return new Lanes(project, {
    env: options.env ?? {},
    distrusted: new Set(options.distrusted),
    remoteRules: new Set(options.remoteRules),
  });
}

function place(
  spec: Spec,
  options: Parameters<typeof lanesOf>[1] = {},
): [lane: string, reason: string | undefined] {
  const lanes = lanesOf(spec, options);
  return [lanes.laneOf(0), lanes.reasonOf(0)];
}

describe('a compile', () => {
  it('goes to a worker', () => {
    const lanes = lanesOf({command: COMPILE, flags: EDGE_DEPS_GCC, depfile: 'a.o.d'});
    expect(lanes.laneOf(0)).toBe('remote');
    expect(lanes.isCompile(0)).toBe(true);
    expect(lanes.reasonOf(0)).toBeUndefined();
  });

  it('with its words in a response file goes there too', () => {
    expect(place({command: 'g++ @a.rsp -o a.o -c /src/a.cc', rspfile: ['a.rsp', '-O2']})).toEqual([
      'remote',
      undefined,
    ]);
  });

  it('whose outputs are spelt in another way is still known by them', () => {
    expect(place({command: COMPILE, outs: ['a.o', '/build/a.o.d']})).toEqual(['remote', undefined]);
    expect(place({command: 'g++ -o ./x/../a.o -c /src/a.cc'})).toEqual(['remote', undefined]);
  });

  it.each<[string, Spec]>([
    ['shell-construct', {command: `${COMPILE} && touch b`}],
    ['other-output', {command: COMPILE, outs: ['a.o', 'a.extra']}],
    ['other-output', {command: 'g++ -o b.o -c /src/a.cc'}],
    ['modules', {command: COMPILE, dyndep: true}],
    ['pch', {command: 'g++ -x c++-header -o a.o -c /src/a.cc'}],
    ['response-file', {command: 'g++ @gone.rsp -o a.o -c /src/a.cc'}],
  ])('stays here for %s', (reason, spec) => {
    expect(place(spec)).toEqual(['local', reason]);
    expect(lanesOf(spec).isCompile(0)).toBe(true);
  });

  it.each([
    ['console', EDGE_CONSOLE],
    ['depfile-form', EDGE_DEPS_MSVC],
  ])('is run by ninja for %s', (reason, flags) => {
    expect(place({command: COMPILE, flags})).toEqual(['ninja', reason]);
    expect(lanesOf({command: COMPILE, flags}).isCompile(0)).toBe(true);
  });

  it('stays here for a variable by which compilers write more files', () => {
    expect(place({command: COMPILE}, {env: {DEPENDENCIES_OUTPUT: 'f'}})).toEqual([
      'local',
      'environment-output',
    ]);
  });
});

describe('a command that the user has called pure', () => {
  const command = 'cd /build && /build/gen -o a.inc /src/a.def';
  const spec = {command, outs: ['a.inc']};

  it.each(['gen', 'MAKE_IT'])('may go to a worker, called %s, and is no compile', name => {
    const lanes = lanesOf(spec, {remoteRules: [name]});
    expect([lanes.laneOf(0), lanes.isCompile(0)]).toEqual(['remote', false]);
    expect(lanes.toolOf(0)?.args).toEqual(['/build/gen', '-o', 'a.inc', '/src/a.def']);
  });

  it.each<[string | undefined, Spec]>([
    ['shell-construct', {...spec, command: `${command} && touch x`}],
    ['console', {...spec, flags: EDGE_CONSOLE}],
    ['depfile-form', {...spec, flags: EDGE_DEPS_MSVC}],
    [undefined, {...spec, dyndep: true}],
    [undefined, {...spec, flags: EDGE_GENERATOR}],
    [undefined, {...spec, command: 'other gen'}],
  ])('is run by ninja for %s', (reason, other) => {
    expect(place(other, {remoteRules: ['gen']})).toEqual(['ninja', reason]);
  });

  it('stays here once its result was found to differ', () => {
    expect(place(spec, {remoteRules: ['gen'], distrusted: ['gen']})).toEqual(['ninja', 'verify-differed']);
  });
});

describe('anything else', () => {
  it.each([
    'ar qc liba.a a.o',
    'g++ -o app a.o -lx',
    '/usr/bin/cmake -E touch x',
    'python3 gen.py',
    'cd /src && ./gen > a.o',
  ])('is run by ninja and is no compile: %s', command => {
    expect(place({command})).toEqual(['ninja', undefined]);
    expect(lanesOf({command}).isCompile(0)).toBe(false);
  });
});

describe('distrust', () => {
  function signature(command: string): string {
    const classification = lanesOf({command}).classificationOf(0);
    if (classification.kind !== 'remote') throw new Error(classification.kind);
    return flagSignature(classification);
  }

  it('is of flags, not of the files and names that differ from compile to compile', () => {
    const other = 'g++ -O2 -Iother -DY=2 -MD -MF b.o.d -o b.o -c /src/b.cc';
    expect(signature(COMPILE)).toBe(signature(other));
    expect(signature(COMPILE)).not.toBe(signature(COMPILE.replace('-O2', '-O2 -flto')));
  });

  it('keeps compiles with such flags here, by name, and no others', () => {
    const distrusted = [signature(COMPILE)];
    expect(place({command: COMPILE}, {distrusted})).toEqual(['local', 'verify-differed']);
    expect(place({command: COMPILE.replace('-O2', '-O1')}, {distrusted})).toEqual(['remote', undefined]);
  });
});
