/** Edits of C++ files that change their objects, and never whether they compile. */
import {readFile, writeFile} from 'node:fs/promises';

/** The text with one constant more, which is in every object that the file is a part of. */
export function withCode(text: string, number: number): string {
  const code = `namespace { __attribute__((used)) const int kEdit${number} = ${number}; }\n`;
  // Behind the guard of a header it would be there as often as the header is included.
  const guard = text.lastIndexOf('\n#endif') + 1;
  const isGuarded = guard > 0 && text.indexOf('\n', guard) === text.length - 1;
  const end = isGuarded ? guard : text.length;
  return `${text.slice(0, end)}${code}${text.slice(end)}`;
}

export function withComment(text: string, number: number): string {
  return `${text}// edit ${number}\n`;
}

/** Replaces what is there, in the file as it is. @throws if it is not there: the project has become another one */
export async function replaceIn(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no '${from}'`);
  await writeFile(file, text.replaceAll(from, to));
}

/** Renames what files include, in those that do. */
export async function renameIncluded(files: readonly string[], from: string, to: string): Promise<number> {
  let count = 0;
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const line = `#include "${from}"`;
    if (!text.includes(line)) continue;
    await writeFile(file, text.replaceAll(line, `#include "${to}"`));
    count++;
  }
  return count;
}
