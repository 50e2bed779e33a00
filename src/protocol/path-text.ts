/**
 * Names of files as text, and back. A name is bytes, and text is UTF-8: a byte that does not fit becomes the lone
 * surrogate U+DC00 + byte, which no UTF-8 gives, so that every name has a text of its own and keeps its bytes.
 */

/** Beyond ASCII, in a text of one character per byte: what is UTF-8 (RFC 3629, section 4), and bytes that are not. */
const PARTS =
  /((?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+)|([\x80-\xff])/g;
const ODD_BYTE = /([\udc80-\udcff])/u;
const REPLACEMENT = '\ufffd';

export function textOfPath(bytes: Buffer): string {
  const text = bytes.toString();
  if (!text.includes(REPLACEMENT)) return text;
  return bytes
    .toString('latin1')
    .replace(PARTS, (part: string, good: string | undefined) =>
      good === undefined
        ? String.fromCharCode(0xdc00 + part.charCodeAt(0))
        : Buffer.from(good, 'latin1').toString(),
    );
}

/** Bytes of a text by {@link textOfPath}. */
export function bytesOfPath(text: string): Buffer {
  if (!hasOddBytes(text)) return Buffer.from(text);
  return Buffer.concat(
    text
      .split(ODD_BYTE)
      .map((part, i) => (i % 2 === 1 ? Buffer.from([part.charCodeAt(0) - 0xdc00]) : Buffer.from(part))),
  );
}

/** The form of a name in which `node:fs` finds the file. */
export function diskPath(text: string): string | Buffer {
  return hasOddBytes(text) ? bytesOfPath(text) : text;
}

/** Whether the name is not UTF-8: only its bytes name the file then. */
export function hasOddBytes(text: string): boolean {
  return ODD_BYTE.test(text);
}
