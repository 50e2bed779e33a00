/**
 * The part of a toolchain that compiles of one language need. Where a toolchain travels whole, its largest files are
 * half in vain: of gcc's two compilers proper, each of 35 MB, a compile starts one. What a part should lack after all
 * is found as any missing input is: the worker looks for it in vain.
 */
import {readFileSync} from 'node:fs';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Toolchain} from '../protocol/invocation.ts';
import type {ToolchainIdentity} from './identify.ts';
import type {Language} from './language.ts';
import {descriptionPath} from './pack.ts';
import {writeAtomically} from './toolchain-record.ts';

export interface ToolchainPart {
  /** Of its description. */
  readonly digest: Digest;
  /** As {@link ToolchainIdentity.files}. */
  readonly files: ReadonlyMap<Digest, string>;
}

/** What gcc starts for one language alone. */
const PROPER: Readonly<Record<string, readonly Language[]>> = {
  cc1: ['c', 'asm-cpp'],
  cc1plus: ['c++'],
};

/** The toolchain itself where nothing of it is for other languages. `cacheDir`: as for identification. */
export function partFor(identity: ToolchainIdentity, language: Language, cacheDir: string): ToolchainPart {
  const whole = JSON.parse(readFileSync(identity.files.get(identity.digest)!, 'utf8')) as Toolchain;
  const isOther = (name: string) => PROPER[name] !== undefined && !PROPER[name].includes(language);
  const directories = whole.tree.directories.map(directory => ({
    ...directory,
    files: directory.files.filter(([name]) => !isOther(name)),
  }));
  const text = JSON.stringify({...whole, tree: {...whole.tree, directories}});
  const digest = digestOf(text);
  if (digest === identity.digest) return identity;
  const path = descriptionPath(cacheDir, digest);
  writeAtomically(path, text);
  const kept = new Set(directories.flatMap(({files}) => files.map(([, content]) => content)));
  const files = [...identity.files].filter(([content]) => kept.has(content));
  return {digest, files: new Map([...files, [digest, path]])};
}
