/** nasm and yasm on workers: like a local run, inputs that no depfile names included. */
import {describe, expect, it} from 'vitest';
import {check, openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja} from './same-as-ninja.ts';
import {has} from './tools.ts';

const rig = useRig();

describe.skipIf(!has('nasm'))('edges of nasm (needs nasm)', () => {
  it('run on workers, but for what rests on this machine, and leave what ninja leaves', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    const {first, again} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 5, local: 3});
    expect(first.summary?.local_reasons).toEqual({'assembler-format': 1, 'assembler-surroundings': 2});
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: 5, local: 3});
    const listed = await project.built(['-n', '-d', 'local']);
    expect(listed.stdout).toContain('2 assembler-surroundings: ');
    expect(listed.stdout).toContain('1 assembler-format: ');
  });

  it('are never taken from the cache where an include has changed that no depfile names', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    await project.built();
    await project.write(
      'inc/macros.inc',
      '%define ANSWER 43\n%macro answer 1\n  mov %1, ANSWER + 1\n%endmacro\n',
    );
    await project.write('inc/blob.bin', 'other bytes');
    await project.builtByNinja(['-t', 'clean']);
    await expectSameAsNinja(project);
  });

  it('fail with the words of nasm', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    await project.append('build.ninja', 'build broken.o: plain broken.asm\n  flags = -f elf64\n');
    const ninja = await project.ninja(['broken.o']);
    const words = ninja.stdout.split('\n').find(line => line.includes('error:'))!;
    expect(words).toContain('broken.asm:2: error:');
    const failed = await project.llama(['broken.o']);
    expect(failed.status).toBe(1);
    expect(failed.all).toContain(words);
    expect(failed.summary?.compiles).toMatchObject({failed: 1, local: 0});
  });

  it('stay here where nasm is a script', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    await project.write('bin/nasm', '#!/bin/sh\nexec nasm "$@"\n');
    await check(rig.run('chmod', ['+x', project.path('bin/nasm')]));
    const manifest = (await project.read('build.ninja')).replaceAll('command = nasm', 'command = ./bin/nasm');
    await project.write('build.ninja', manifest);
    const done = await project.built(['plain.o', 'debug.o']);
    expect(done.summary?.compiles).toMatchObject({remote: 0, local: 2});
    expect(done.summary?.local_reasons).toEqual({'script-wrapper': 2});
    await expectIdle(project, {targets: ['plain.o', 'debug.o']});
  });

  it('stay here under NASMENV', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    const done = await project.built(['debug.o'], {env: {NASMENV: '-Iinc/ -DMORE'}});
    expect(done.summary?.local_reasons).toEqual({'assembler-environment': 1});
    await expectIdle(project, {targets: ['debug.o']});
  });
});

describe.skipIf(!has('yasm'))('edges of yasm (needs yasm)', () => {
  it('run on workers too', async () => {
    const project = await openProject(rig, 'assembler-nasm');
    await project.write(
      'build.ninja',
      [
        'rule yasm',
        '  command = yasm -f elf64 -g dwarf2 -I inc -o $out $in',
        'build plain.o: yasm plain.asm',
        'build data.o: yasm data.asm',
        'build beside.o: yasm inc/beside.asm',
        '',
      ].join('\n'),
    );
    await project.write('inc/beside.asm', '%include "macros.inc"\nsection .data\ndd ANSWER\n');
    const {first, again} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 3, local: 0});
    expect(again.summary?.compiles).toMatchObject({cached: 3});
    expect(
      (await check(rig.run('readelf', ['--debug-dump=info', project.output('plain.o')]))).stdout,
    ).toContain(project.directory);
  });
});
