/** The program under nodes that are newer than what it needs at least. */
import {readdir, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {newerNodes} from './cloud-servers.ts';
import {check, openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();

describe.each(newerNodes)('under node $version', ({node, isThere}) => {
  it.runIf(isThere)('a build leaves what ninja leaves', async () => {
    await expectSameAsNinja(await openProject(rig, 'mixed-languages'), {node});
  });

  it.runIf(isThere)(
    'says what it says under this one, with and without kept bytecode, which it takes',
    async () => {
      const code = join(rig.scratch, 'cache/llama/code');
      await rm(code, {recursive: true, force: true});
      const kept = async () => {
        const names = (await readdir(code)).filter(name => !name.includes(process.version));
        return Promise.all(names.map(async name => (await stat(join(code, name))).ino));
      };
      const said = async (by: string): Promise<string[]> => {
        const project = await openProject(rig, 'install-and-test', {name: rig.unique('said')});
        const build = ['build', project.directory, '--store', project.path('store')];
        const all = [];
        for (const words of [build, build, build, ['--version']]) {
          const {stdout, stderr} = await check(rig.raw(words, {node: by}));
          all.push(stdout, stderr.replaceAll(project.root, 'ROOT').replace(/\d+\.\d+ s/g, 'N s'));
        }
        return all;
      };
      const here = await said(process.execPath);
      expect(here.join('')).toContain('nothing to do');
      expect(await said(node)).toEqual(here);
      const files = await kept();
      expect(files).toHaveLength(1);
      expect(await said(node)).toEqual(here);
      // What V8 refuses is replaced.
      expect(await kept()).toEqual(files);
    },
  );
});
