/** What the measurements of `bench/` say to words that they do not know. */
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';

it.each<[string[], RegExp]>([
  [['equal', 'nosuch'], /^equal: no project 'nosuch'; there are fmt, re2/],
  [['crash', 'nosuch'], /^crash: no project 'nosuch'/],
  [['figures', 'nosuch'], /^figures: no figure 'nosuch'; there are /],
  [['foreign-root', 'nosuch'], /^foreign-root: no compiler 'nosuch'; there are gcc-12, /],
  [['watch', 'nosuch'], /^watch: no 'nosuch'; there are start, re2, llvm, soak, walk/],
  [['watch', 'walk', '--count', 'many'], /^watch: --count is a whole number from 1, not 'many'/],
  [['bear', 'nosuch'], /^bear: no 'nosuch'; there are lua, redis, re2/],
  [['equal', 'fmt', '--type', 'Fast'], /^equal: --type is Release or Debug, not 'Fast'/],
  [['nosuch'], /^usage: npm run bench -- corpus\|equal\|/],
  [[], /^usage: /],
])('%j is answered with one line', (args, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-bench-'));
  try {
    const {status, stdout, stderr} = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../bench/run.mjs'), ...args],
      {encoding: 'utf8', env: {...process.env, LLAMA_BENCH_DIR: folder}},
    );
    expect(stderr).toMatch(text);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  } finally {
    rmSync(folder, {recursive: true});
  }
});
