/**
 * The directories that a project's commands tell compilers to look for headers in. The words alone are looked at: ten
 * thousand commands take some tens of milliseconds, and a directory too many is one watch.
 */
import {resolve} from 'node:path';
import type {Project} from '../frontends/project.ts';

const SEARCH_FLAG = /(?:^|\s)-(?:I|isystem|iquote|idirafter)\s*("[^"]*"|'[^']*'|(?:\\.|[^\s\\"'])+)/g;

/** Absolute paths, as they are written. */
export function searchedDirectories({graph, directoryOf}: Project): Set<string> {
  const words = new Map<string, Set<string>>();
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    if (graph.isPhony(edge)) continue;
    const directory = directoryOf(edge);
    let found = words.get(directory);
    if (found === undefined) {
      found = new Set();
      words.set(directory, found);
    }
    for (const text of [graph.text(edge, 'command'), graph.text(edge, 'rspfileContent')]) {
      for (const [, word = ''] of text.matchAll(SEARCH_FLAG)) found.add(word);
    }
  }
  return new Set([...words].flatMap(([at, found]) => [...found].map(word => resolve(at, unquoted(word)))));
}

function unquoted(word: string): string {
  return /^["']/.test(word) ? word.slice(1, -1) : word.replaceAll(/\\(.)/g, '$1');
}
