import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import type {Observed} from '../protocol/invocation.ts';
import {pathsOf} from '../protocol/path-groups.ts';
import type {InputSet} from './cloud.ts';
import {firstPresent, holds, makeInputSet, presentIn} from './input-set.ts';

const OLD = 1_600_000_000;

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'llama-inputs-')));
  mkdirSync(join(root, 'inc'));
  mkdirSync(join(root, 'first'));
  write('a.c', 'int main;');
  write('inc/a.h', 'a');
  write('inc/b.h', 'b');
});

afterEach(() => rmSync(root, {recursive: true}));

function write(path: string, text: string, time = OLD): void {
  writeFileSync(join(root, path), text);
  utimesSync(join(root, path), time, time);
}

/** What a worker would report of a compile of a.c that reads both headers. */
function observed(changes: Partial<Observed> = {}): Observed {
  return {
    read: [
      [root, 'a.c'],
      [join(root, 'inc'), 'a.h/b.h'],
    ],
    found: [[root, 'inc']],
    absent: [
      ['a.h/b.h', [join(root, 'first')]],
      ['a.h', [join(root, 'nowhere')]],
    ],
    listed: [],
    ...changes,
  };
}

function make(seen = observed(), made: readonly string[] = []): InputSet | undefined {
  const files = new FileState();
  return makeInputSet(seen, {
    digestSent: path => files.digest(path),
    isMade: path => made.includes(path),
    files,
  });
}

function set(seen = observed()): InputSet {
  const made = make(seen);
  if (made === undefined) throw new Error('no set');
  return made;
}

/** As another build would judge it later: nothing is remembered, and the set went through a file. */
function holdsNow(inputs: InputSet): boolean {
  return holds(JSON.parse(JSON.stringify(inputs)) as InputSet, new FileState());
}

describe('a set of inputs', () => {
  it('holds while nothing changes, also when files get new times together with old bytes', () => {
    const inputs = set();
    expect(holdsNow(inputs)).toBe(true);
    write('inc/a.h', 'a', OLD + 100);
    expect(holdsNow(inputs)).toBe(true);
  });

  const changes: readonly (readonly [what: string, change: () => void])[] = [
    ['the source is edited', () => write('a.c', 'int other;')],
    ['a header is edited, size and time kept', () => write('inc/b.h', 'c')],
    ['a header is gone', () => rmSync(join(root, 'inc/b.h'))],
    ['a directory stands in its place', () => replaceByDirectory('inc/b.h')],
    ['a header appears earlier on the search path', () => write('first/b.h', 'b')],
    ['a precompiled twin appears in a place that was searched', () => write('first/b.h.gch', '')],
    ['a directory that was not there appears, with the header', () => appear('nowhere')],
    ['a link to a header appears earlier', () => symlinkSync('../inc/a.h', join(root, 'first/a.h'))],
    ['what was only asked for is gone', () => moveInc()],
  ];

  it.each(changes)('does not hold once %s', (_what, change) => {
    const inputs = set();
    change();
    expect(holdsNow(inputs)).toBe(false);
  });

  function appear(name: string): void {
    mkdirSync(join(root, name));
    write(`${name}/a.h`, 'a');
  }

  function replaceByDirectory(path: string): void {
    rmSync(join(root, path));
    mkdirSync(join(root, path));
  }

  function moveInc(): void {
    rmSync(join(root, 'inc'), {recursive: true});
  }

  it('holds when a link that leads nowhere, or an unrelated file, appears earlier', () => {
    const inputs = set();
    symlinkSync('gone.h', join(root, 'first/a.h'));
    write('first/c.h', 'c');
    mkdirSync(join(root, 'nowhere'));
    expect(holdsNow(inputs)).toBe(true);
  });

  it('tells of the names in directories that were listed', () => {
    const inputs = set(observed({listed: [[root, 'first/nowhere']]}));
    expect(holdsNow(inputs)).toBe(true);
    write('first/new', '');
    expect(holdsNow(inputs)).toBe(false);
    rmSync(join(root, 'first/new'));
    expect(holdsNow(inputs)).toBe(true);
    mkdirSync(join(root, 'nowhere'));
    expect(holdsNow(inputs)).toBe(false);
  });

  it('comes to nothing where a file was read that nobody sent', () => {
    const files = new FileState();
    const answer = makeInputSet(observed(), {
      digestSent: path => (path.endsWith('b.h') ? undefined : files.digest(path)),
      isMade: () => false,
      files,
    });
    expect(answer).toBeUndefined();
  });

  it('leaves out files that were made for the worker alone', () => {
    const made = join(root, 'args.rsp');
    const inputs = make(observed({read: [[root, 'a.c/args.rsp']]}), [made]);
    expect(inputs && pathsOf(inputs.read)).toEqual([join(root, 'a.c')]);
  });

  it('names what it rests on, the root directory included', () => {
    expect(pathsOf(set().read)).toEqual([join(root, 'a.c'), join(root, 'inc/a.h'), join(root, 'inc/b.h')]);
    const atRoot = {...set(), read: [['/', 'x.h'] as const]};
    expect(pathsOf(atRoot.read)).toEqual(['/x.h']);
  });
});

describe('symbolic links', () => {
  it('on the way to a directory that lead elsewhere do not hold, though the files there are equal', () => {
    mkdirSync(join(root, '1.2'));
    mkdirSync(join(root, '1.3'));
    for (const version of ['1.2', '1.3']) write(`${version}/a.h`, 'a');
    symlinkSync('1.2', join(root, 'current'));
    const only = {read: [[join(root, 'current'), 'a.h']] as const, absent: []};
    for (const seen of [observed({...only, found: []}), observed({found: [[root, 'current']]})]) {
      const inputs = set(seen);
      expect(inputs.places).toEqual([[join(root, 'current'), join(root, '1.2')]]);
      expect(holdsNow(inputs)).toBe(true);
      rmSync(join(root, 'current'));
      symlinkSync('1.3', join(root, 'current'));
      expect(holdsNow(inputs)).toBe(false);
      rmSync(join(root, 'current'));
      symlinkSync('1.2', join(root, 'current'));
    }
  });

  it('in the place of a directory do not hold', () => {
    const inputs = set();
    expect(inputs.places).toEqual([]);
    renameSync(join(root, 'inc'), join(root, 'moved'));
    symlinkSync('moved', join(root, 'inc'));
    expect(holdsNow(inputs)).toBe(false);
  });
});

describe('twins', () => {
  it('are no matter while the contents differ, whatever the times', () => {
    const inputs = set();
    expect(inputs.twins).toEqual([]);
    write('inc/b.h', 'b', OLD + 5);
    expect(holdsNow(inputs)).toBe(true);
  });

  it('of equal time that get different times do not hold, and the other way round', () => {
    write('inc/b.h', 'a');
    const together = set();
    expect(together.twins).toEqual([[join(root, 'inc/a.h'), join(root, 'inc/b.h')]]);
    expect(holdsNow(together)).toBe(true);
    write('inc/b.h', 'a', OLD + 1);
    expect(holdsNow(together)).toBe(false);
    const apart = set();
    expect(apart.twins).toEqual([]);
    expect(holdsNow(apart)).toBe(true);
    write('inc/b.h', 'a');
    expect(holdsNow(apart)).toBe(false);
  });

  it('are compared by whole seconds, as gcc does', () => {
    write('inc/b.h', 'a', OLD + 0.5);
    expect(set().twins).toHaveLength(1);
  });

  it('of three are told apart group by group', () => {
    write('inc/b.h', 'a');
    write('first/c.h', 'a', OLD + 9);
    const inputs = set(observed({read: [...observed().read, [join(root, 'first'), 'c.h']], absent: []}));
    expect(inputs.twins).toEqual([[join(root, 'inc/a.h'), join(root, 'inc/b.h')]]);
    write('first/c.h', 'a');
    expect(holdsNow(inputs)).toBe(false);
  });
});

describe('a group of paths', () => {
  it('answers the path that is there, or nothing', () => {
    const files = new FileState();
    expect(firstPresent(join(root, 'inc'), ['x.h', 'b.h'], files)).toBe(join(root, 'inc/b.h'));
    expect(firstPresent(join(root, 'inc'), ['x.h'], files)).toBeUndefined();
    expect(firstPresent(join(root, 'nowhere'), ['x.h'], files)).toBeUndefined();
    expect(firstPresent(join(root, 'a.c'), ['x.h'], files)).toBeUndefined();
  });

  it('looks for each file itself where a directory cannot be listed', () => {
    write('inc/x.h.gch', '');
    const files = new FileState();
    files.names = () => 'unreadable';
    expect(firstPresent(join(root, 'inc'), ['y.h', 'b.h'], files)).toBe(join(root, 'inc/b.h'));
    expect(firstPresent(join(root, 'inc'), ['x.h'], files)).toBe(join(root, 'inc/x.h.gch'));
    expect(firstPresent(join(root, 'inc'), ['y.h'], files)).toBeUndefined();
  });

  it('says of a group that is absent as long as that is so, however often it is asked', () => {
    const files = new FileState();
    const asked = () => {
      files.newEpoch();
      return presentIn([['x.h/y.h', [join(root, 'inc')]]], files).length === 0;
    };
    expect([asked(), asked()]).toEqual([true, true]);
    symlinkSync('nowhere', join(root, 'inc/y.h'));
    expect([asked(), asked()]).toEqual([true, true]);
    write('inc/nowhere', '');
    expect([asked(), asked()]).toEqual([false, false]);
    rmSync(join(root, 'inc/y.h'));
    expect([asked(), asked()]).toEqual([true, true]);
    write('inc/x.h.gch', '');
    expect([asked(), asked()]).toEqual([false, false]);
    rmSync(join(root, 'inc'), {recursive: true});
    expect([asked(), asked()]).toEqual([true, true]);
  });
});
