import {mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {questionOf} from '../test/question.ts';
import {Journal} from './journal.ts';
import type {Question} from './question.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-journal-'));
  file = join(directory, 'journal.json');
});

afterEach(() => rmSync(directory, {recursive: true}));

const all = {earlier: new Map<string, Question>(), keeps: () => true};

it('comes back as it was, with what an earlier make had made beside it', () => {
  const journal = new Journal();
  const asked = [questionOf('b'), questionOf('a', {PATH: '/bin', LANG: 'C'}), questionOf('c')];
  for (const [n, each] of asked.entries()) journal.add(each, `/d/${n}.o`);
  journal.save(file, all);
  expect(Journal.load(file, 0o022)).toEqual(asked);
  const next = new Journal();
  next.add(questionOf('other words'), '/d/1.o');
  const earlier = new Map(Journal.load(file, 0o022).map((each, n) => [`/d/${n}.o`, each]));
  next.save(file, {...all, earlier});
  const kept = [questionOf('other words'), asked[0]!, asked[2]!];
  expect(Journal.load(file, 0o027)).toEqual(kept.map(each => ({...each, umask: 0o027})));
  expect(readdirSync(directory)).toEqual(['journal.json']);
});

it('tells nobody what means nothing for a compile', () => {
  const journal = new Journal();
  journal.add(questionOf('a', {PATH: '/bin', TOKEN: 'secret'}), '/d/a.o');
  journal.save(file, {...all, keeps: name => name === 'PATH'});
  expect(Journal.load(file, 0o022)[0]!.env).toEqual({PATH: '/bin'});
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('is not written where nothing was asked for', () => {
  new Journal().save(file, {...all, earlier: new Map([['/d/a.o', questionOf('a')]])});
  expect(readdirSync(directory)).toEqual([]);
});

it('is empty where it is torn, of another form or absent', () => {
  expect(Journal.load(file, 0)).toEqual([]);
  for (const text of ['{"version":1,', '{"version":0,"environments":[],"compiles":[]}', 'null']) {
    writeFileSync(file, text);
    expect(Journal.load(file, 0)).toEqual([]);
  }
});

it('that cannot be written costs nothing but itself', () => {
  const journal = new Journal();
  journal.add(questionOf('a'), '/d/a.o');
  journal.save(join(directory, 'absent', 'journal.json'), all);
  expect(readdirSync(directory)).toEqual([]);
});
