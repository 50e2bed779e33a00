import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {digestOf} from '../src/protocol/digest.ts';
import {LAYER_MODULE} from '../src/protocol/layer.ts';
import {LayerBlobs, layerFolder} from './layer-blobs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-layer-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

const inLayer = Buffer.from('in the layer');
const inStore = Buffer.from('in the store');

function rig() {
  const asked: string[] = [];
  const store = {
    get: async (digest: string) => {
      asked.push(digest);
      return inStore;
    },
    copyTo: async (digest: string, path: string) => {
      asked.push(digest);
      writeFileSync(path, inStore);
    },
    put: async () => {},
  };
  writeFileSync(join(folder, digestOf(inLayer)), inLayer);
  return {asked, blobs: new LayerBlobs(folder, store)};
}

describe('a layer', () => {
  it('is found where modules are searched for', () => {
    const there = join(folder, 'modules', LAYER_MODULE);
    mkdirSync(there, {recursive: true});
    expect(layerFolder(['/nowhere', join(folder, 'modules')])).toBe(there);
    expect(layerFolder(['/nowhere'])).toBeUndefined();
  });

  it('gives what it holds, and the store the rest', async () => {
    const {blobs, asked} = rig();
    const [own, other] = [digestOf(inLayer), digestOf(inStore)];
    expect([await blobs.get(own), await blobs.getList(own)]).toEqual([inLayer, inLayer]);
    await blobs.copyTo(own, join(folder, 'copy'));
    expect(readFileSync(join(folder, 'copy'))).toEqual(inLayer);
    expect(asked).toEqual([]);
    expect([await blobs.get(other), await blobs.getList(other)]).toEqual([inStore, inStore]);
    await blobs.copyTo(other, join(folder, 'copy2'));
    expect(asked).toEqual([other, other, other]);
  });

  it('with a blob that is not what its name says leaves it to the store', async () => {
    const wanted = digestOf('another');
    writeFileSync(join(folder, wanted), 'damaged');
    const {blobs, asked} = rig();
    expect(await blobs.get(wanted)).toEqual(inStore);
    expect(asked).toEqual([wanted]);
  });

  it('goes before a store that only gives and takes', async () => {
    const blobs = new LayerBlobs(folder, {get: async () => inStore, put: async () => {}});
    const other = digestOf(inStore);
    await blobs.copyTo(other, join(folder, 'copy'));
    expect(readFileSync(join(folder, 'copy'))).toEqual(inStore);
    expect(await blobs.getList(other)).toEqual(inStore);
  });
});
