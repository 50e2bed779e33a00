import {mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {questionOf} from '../test/question.ts';
import {Journal} from './journal.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-journal-'));
  file = join(directory, 'journal.json');
});

afterEach(() => rmSync(directory, {recursive: true}));

const all = {isWhole: true, keeps: () => true};

it('comes back as it was, with what an earlier make had made beside it', () => {
  const journal = new Journal();
  const asked = [questionOf('b'), questionOf('a', {PATH: '/bin', LANG: 'C'}), questionOf('c')];
  for (const [n, each] of asked.entries()) journal.add(each, `/d/${n}.o`);
  journal.save(file, all);
  expect(Journal.load(file, 0o022)).toEqual(asked);
  const next = new Journal();
  next.add(questionOf('other words'), '/d/1.o');
  for (const [n, each] of Journal.load(file, 0o022).entries()) next.recall(each, `/d/${n}.o`, false);
  next.save(file, all);
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

it.each([true, false])('is without what was begun in vain, if make came to its end: %s', isWhole => {
  const journal = new Journal();
  journal.add(questionOf('made'), '/d/made.o');
  for (const name of ['vain', 'here', 'there'])
    journal.recall(questionOf(name), `/d/${name}.o`, name !== 'there');
  // Asked for, and then made by the real compiler.
  journal.noteAsked('/d/here.o');
  journal.save(file, {...all, isWhole});
  const names = Journal.load(file, 0o022).map(({words}) => words.at(-1));
  const wanted = ['made', 'vain', 'here', 'there'].filter(name => !isWhole || name !== 'vain');
  expect(names).toEqual(wanted.map(name => questionOf(name).words.at(-1)));
});

it('is not written where nothing was asked for', () => {
  const journal = new Journal();
  journal.recall(questionOf('a'), '/d/a.o', false);
  journal.save(file, all);
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
