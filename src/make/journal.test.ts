import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {Journal} from './journal.ts';
import type {Question} from './question.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-journal-'));
  file = join(directory, 'journal.json');
});

afterEach(() => rmSync(directory, {recursive: true}));

function question(name: string, env: NodeJS.ProcessEnv = {PATH: '/bin'}): Question {
  return {kind: 'compile', umask: 0o022, directory: '/d', program: '/p', words: ['cc', '-c', name], env};
}

it('comes back as it was, in order, with what an earlier make had beside it', () => {
  const journal = new Journal();
  const asked = [question('b'), question('a', {PATH: '/bin', LANG: 'C'}), question('c')];
  for (const each of [...asked, question('b')]) journal.add(each);
  journal.save(file, []);
  expect(Journal.load(file, 0o022)).toEqual(asked);
  const next = new Journal();
  next.add(question('d'));
  next.save(file, Journal.load(file, 0o022));
  expect(Journal.load(file, 0o027)).toEqual([...asked, question('d')].map(each => ({...each, umask: 0o027})));
  expect(readdirSync(directory)).toEqual(['journal.json']);
});

it('is not written where nothing was asked for', () => {
  new Journal().save(file, [question('a')]);
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
  journal.add(question('a'));
  journal.save(join(directory, 'absent', 'journal.json'), []);
  expect(readdirSync(directory)).toEqual([]);
});
