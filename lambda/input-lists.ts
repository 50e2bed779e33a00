/**
 * Lists of files that actions refer to, fetched once each: most actions of a build name most of their inputs by a
 * position in one of few lists.
 */
import type {Digest} from '../src/protocol/digest.ts';
import {type FileList, filesAt, joinTrees} from '../src/protocol/file-list.ts';
import type {ActionInputs} from '../src/protocol/invocation.ts';
import type {Tree} from '../src/protocol/tree.ts';
import type {BlobSource} from './blob-source.ts';
import {checkFileList} from './request-check.ts';
import {RequestInvalid} from './tree-check.ts';

/** Lists beyond this many are forgotten, least recently used first. */
const MOST_LISTS = 64;

export class InputLists {
  readonly #store: BlobSource;
  readonly #known = new Map<Digest, FileList>();

  constructor(store: BlobSource) {
    this.#store = store;
  }

  /** The whole tree of an action. @throws BlobError, RequestInvalid */
  async treeOf({lists, own}: ActionInputs): Promise<Tree> {
    const parts: Tree[] = [];
    for (const [digest, wanted] of lists) {
      parts.push({directories: filesAt(await this.#get(digest), wanted), links: []});
    }
    return joinTrees([...parts, own]);
  }

  async #get(digest: Digest): Promise<FileList> {
    // Asked for each time where it brings its files along: these may have had to go meanwhile.
    const bytes = await this.#store.getList?.(digest);
    const list = this.#known.get(digest) ?? parse(bytes ?? (await this.#store.get(digest)));
    this.#known.delete(digest);
    this.#known.set(digest, list);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_LISTS) break;
      this.#known.delete(oldest);
    }
    return list;
  }
}

function parse(bytes: Uint8Array): FileList {
  let list: Partial<FileList> | null;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes)) as Partial<FileList> | null;
  } catch {
    throw new RequestInvalid('a list of inputs is no JSON');
  }
  checkFileList(list);
  return list;
}
