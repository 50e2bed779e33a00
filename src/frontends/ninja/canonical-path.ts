/**
 * Ninja's lexical clean-up of a path (`CanonicalizePath` in its `util.cc`): the spelling under which a file is a node.
 * It removes `.`, `//` and `x/..` without a look at the disk.
 */

export function canonicalPath(path: string): string {
  if (isCanonical(path)) return path;
  const absolute = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept[kept.length - 1] !== '..') kept.pop();
    else kept.push(part);
  }
  const cleaned = kept.join('/');
  if (absolute) return `/${cleaned}`;
  return cleaned === '' ? '.' : cleaned;
}

/** Quick test that all but a few paths of a real manifest pass. */
function isCanonical(path: string): boolean {
  if (path === '') return true;
  const first = path.charCodeAt(0);
  if (first === 46 /* . */) {
    const second = path.charCodeAt(1);
    if (path.length === 1) return true;
    if (second === 47 || second === 46) return false;
  }
  return !path.includes('/.') && !path.includes('//') && (path.length === 1 || !path.endsWith('/'));
}
