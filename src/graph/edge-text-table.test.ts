import {expect, it} from 'vitest';
import {EdgeTextTable} from './edge-text-table.ts';
import {EDGE_TEXTS, type EdgeText} from './graph.ts';

function textOf(table: ReturnType<EdgeTextTable['arrays']>, edge: number, which: EdgeText): string {
  const entry = 2 * (edge * EDGE_TEXTS.length + EDGE_TEXTS.indexOf(which));
  const at = table.edgeText[entry]!;
  return Buffer.from(table.textBytes.subarray(at, at + table.edgeText[entry + 1]!)).toString();
}

it('gives back every text, in whatever order edges were given them and however long they are', () => {
  const table = new EdgeTextTable();
  const expected = new Map<string, string>();
  const edges = 3000;
  const put = (edge: number, which: EdgeText, text: string) => {
    table.set(edge, which, text);
    if (edge % 7 === 0) expect(Buffer.from(table.bytesOf(edge, which)).toString()).toBe(text);
    expected.set(`${edge} ${which}`, text);
  };
  for (let edge = 0; edge < edges; edge++) put(edge, 'rule', edge % 100 < 50 ? 'one' : 'größer');
  for (let edge = edges - 1; edge >= 0; edge -= 2) {
    put(edge, 'command', `cc ${'é'.repeat(edge)} ${edge}`);
    put(edge, 'description', edge % 3 === 0 ? '' : 'the same');
  }
  const arrays = table.arrays(edges + 5);
  expect(arrays.edgeText).toHaveLength(2 * (edges + 5) * EDGE_TEXTS.length);
  for (let edge = 0; edge < edges + 5; edge++) {
    for (const which of EDGE_TEXTS)
      expect(textOf(arrays, edge, which)).toBe(expected.get(`${edge} ${which}`) ?? '');
  }
});

it('stores equal texts of one kind once where they follow each other', () => {
  const table = new EdgeTextTable();
  for (let edge = 0; edge < 10; edge++) table.set(edge, 'rule', 'compile');
  table.set(10, 'rule', 'link');
  table.set(11, 'description', 'link');
  expect(Buffer.from(table.arrays(12).textBytes).toString()).toBe('compilelinklink');
});

it('shows a text’s bytes before all are there', () => {
  const table = new EdgeTextTable();
  table.set(0, 'command', 'größe');
  expect(Buffer.from(table.bytesOf(0, 'command')).toString()).toBe('größe');
  expect(table.bytesOf(0, 'depfile')).toHaveLength(0);
});
