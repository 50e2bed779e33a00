/** Names that a mistyped word may have meant. */

/** The nearest of `candidates`, best first; only those within `limit` edits. */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const found: {candidate: string; edits: number}[] = [];
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const edits = distance(word, candidate);
    if (edits <= limit) found.push({candidate, edits});
  }
  found.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, 3).map(({candidate}) => candidate);
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function distance(a: string, b: string): number {
  let previous = Array.from({length: b.length + 1}, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
