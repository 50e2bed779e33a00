import {mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type BuildContext, type Look, lookAt} from '../engine/look.ts';
import {loadNinjaProject} from '../frontends/ninja/ninja-project.ts';
import {FileState} from '../graph/file-state.ts';
import {changedFiles, type LastBuild} from './changed-files.ts';
import {DescriptionFile} from './description-file.ts';
import {WatchedFiles} from './watched-files.ts';

let directory: string;
let description: DescriptionFile;
let look: Look;
let files: FileState;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-changed-')));
  writeFileSync(path('build.ninja'), 'rule cc\n  command = cc\nbuild out: cc a.c sub/h.h link.h\n');
  for (const name of ['a.c', 'target.h']) put(name, 1000);
  symlinkSync('target.h', path('link.h'));
  const context = {
    location: {kind: 'ninja', directory, description: 'build.ninja'},
    options: {},
  } as unknown as BuildContext;
  const load = () =>
    loadNinjaProject({directory, manifest: 'build.ninja', environment: process.env, useSnapshot: false});
  description = new DescriptionFile(context, load);
  look = lookAt(description.load(), []);
  files = new FileState();
});

afterEach(() => rmSync(directory, {recursive: true}));

function path(name: string): string {
  return join(directory, name);
}

/** Writes a file with a modification time in seconds. */
function put(name: string, time: number): void {
  writeFileSync(path(name), `${time}`);
  utimesSync(path(name), time, time);
}

function judge(names: readonly string[], last?: Partial<LastBuild>, more: readonly string[] = []) {
  const watched = WatchedFiles.of(look, {more: [description.file, ...more], before: undefined});
  return changedFiles(names.map(path), {
    look,
    last: last && {changed: new Set(), base: look, ...last},
    watched,
    description,
    files,
  });
}

describe('names of events', () => {
  it('stand for a change where the time is another one, once', () => {
    expect(judge(['a.c'])).toEqual({changed: [], hidden: [], isBeyondGraph: false});
    put('a.c', 1001);
    expect(judge(['a.c']).changed).toEqual([path('a.c')]);
    expect(judge(['a.c']).changed).toEqual([]);
    rmSync(path('a.c'));
    expect(judge(['a.c']).changed).toEqual([path('a.c')]);
  });

  it('are measured against what the last build went by, not against what was seen after it', () => {
    const base = lookAt(look.project, []);
    put('a.c', 1001);
    look = lookAt(look.project, []);
    expect(judge(['a.c']).changed).toEqual([]);
    expect(judge(['a.c'], {base}).changed).toEqual([path('a.c')]);
  });

  it('of a source that the last build was made for and has written anew are no cause, until somebody else writes it', () => {
    const last = {changed: new Set([path('a.c')]), base: look};
    put('a.c', 1999);
    look = lookAt(look.project, []);
    expect(judge(['a.c'], last).changed).toEqual([]);
    put('a.c', 2001);
    expect(judge(['a.c'], last).changed).toEqual([path('a.c')]);
  });

  it('of a source that was saved right after the last build are a cause, whatever time the file has', () => {
    const last = {changed: new Set([path('a.c')]), base: look};
    put('a.c', 1999);
    look = lookAt(look.project, []);
    put('a.c', 1998);
    expect(judge(['a.c'], last).changed).toEqual([path('a.c')]);
  });

  it('of a source that the last build was made for are a cause when it is gone', () => {
    const last = {changed: new Set([path('a.c')])};
    rmSync(path('a.c'));
    expect(judge(['a.c'], last).changed).toEqual([path('a.c')]);
  });

  it('where a link leads stand for the link', () => {
    put('target.h', 1001);
    expect(judge(['target.h']).changed).toEqual([path('link.h')]);
  });

  it('of the description are a change where it is not what was read', () => {
    expect(judge(['build.ninja'])).toEqual({changed: [], hidden: [], isBeyondGraph: false});
    const {mtimeMs} = statSync(path('build.ninja'));
    put('build.ninja', mtimeMs / 1000 + 1);
    expect(judge(['build.ninja'])).toEqual({changed: [path('build.ninja')], hidden: [], isBeyondGraph: true});
  });

  it('of new sources may be what somebody waits for, and hide files by the same name', () => {
    put('new.h', 1000);
    expect(judge(['new.h'])).toEqual({changed: [], hidden: [], isBeyondGraph: true});
    put('h.h', 1000);
    const node = look.project.graph.find('sub/h.h');
    expect(judge(['h.h'])).toEqual({changed: [path('h.h')], hidden: [node], isBeyondGraph: true});
  });

  it('of files that are gone again are nothing', () => {
    expect(judge(['gone.h'])).toEqual({changed: [], hidden: [], isBeyondGraph: false});
  });

  it('of files that only compiles have read are judged by what they read', () => {
    put('read.h', 1000);
    files.newEpoch();
    files.content(path('read.h'));
    expect(judge(['read.h'], undefined, [path('read.h')]).changed).toEqual([]);
    put('read.h', 1001);
    expect(judge(['read.h'], undefined, [path('read.h')])).toMatchObject({
      changed: [path('read.h')],
      isBeyondGraph: true,
    });
  });
});
