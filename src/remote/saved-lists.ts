/** Lists of inputs, kept between builds: what a list names is in the store already, and need not be named or sent again. */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import type {FileList} from '../protocol/file-list.ts';

/** Two files: the system's lists are those of all build directories. */
export interface SavedPlaces {
  readonly system: string;
  readonly own: string;
}

export interface SavedList {
  readonly isSystem: boolean;
  /** As JSON. */
  readonly bytes: Buffer;
}

const FORMAT = 1;

export function loadLists(places: SavedPlaces): SavedList[] {
  return [
    ...read(places.system).map(list => ({isSystem: true, bytes: bytesOf(list)})),
    ...read(places.own).map(list => ({isSystem: false, bytes: bytesOf(list)})),
  ];
}

/** That they cannot be kept is no error: they are then made anew. */
export function saveLists(places: SavedPlaces, lists: readonly SavedList[]): void {
  for (const kind of ['system', 'own'] as const) {
    const these = lists.filter(({isSystem}) => isSystem === (kind === 'system'));
    const text = `{"format":${FORMAT},"lists":[${these.map(({bytes}) => bytes.toString()).join(',')}]}`;
    const temporary = `${places[kind]}.${process.pid}`;
    try {
      mkdirSync(dirname(temporary), {recursive: true});
      writeFileSync(temporary, text);
      renameSync(temporary, places[kind]);
    } catch {
      // As said.
    }
  }
}

function bytesOf(list: FileList): Buffer {
  return Buffer.from(JSON.stringify(list));
}

function read(file: string): FileList[] {
  try {
    const saved = JSON.parse(readFileSync(file, 'utf8')) as {format?: number; lists?: FileList[]} | null;
    if (saved?.format !== FORMAT || !Array.isArray(saved.lists)) return [];
    return saved.lists.filter(list => Array.isArray(list?.directories));
  } catch {
    return [];
  }
}
