/**
 * Whether a decoded request has the shape that the protocol says. It looks at shapes alone; trees are judged when they
 * are laid out.
 */
import {isDigest} from '../src/protocol/digest.ts';
import type {FileList} from '../src/protocol/file-list.ts';
import type {Action, InvocationRequest} from '../src/protocol/invocation.ts';
import {isPhysical, RequestInvalid} from './tree-check.ts';

/** Throws {@link RequestInvalid}, naming the first field that is not as it must be. */
export function checkAction(action: Action): void {
  demand(typeof action === 'object' && action !== null, 'action');
  demand(typeof action.toolchain === 'string' && isDigest(action.toolchain), 'toolchain');
  demand(isText(action.program) && isPhysical(action.program), 'program');
  demand(Array.isArray(action.args) && action.args.every(isText), 'args');
  demand(isText(action.cwd) && isPhysical(action.cwd), 'cwd');
  demand(
    typeof action.env === 'object' && action.env !== null && Object.values(action.env).every(isText),
    'env',
  );
  demand(Number.isInteger(action.umask) && action.umask >= 0 && action.umask <= 0o777, 'umask');
  const {inputs, outputs} = action;
  demand(
    Array.isArray(inputs?.lists) &&
      inputs.lists.every(
        entry => Array.isArray(entry) && isText(entry[0]) && isDigest(entry[0]) && isText(entry[1]),
      ),
    'inputs',
  );
  const own = inputs.own;
  demand(areDirectories(own?.directories) && Array.isArray(own.links), 'inputs');
  demand(
    own.links.every(link => Array.isArray(link) && link.every(isText)),
    'inputs',
  );
  demand(Array.isArray(outputs) && outputs.every(output => isText(output?.path)), 'outputs');
}

/** Throws {@link RequestInvalid} where what came along is no list of blobs. */
export function checkCarried(blobs: InvocationRequest['blobs']): void {
  const isPair = (blob: unknown) => Array.isArray(blob) && isText(blob[0]) && blob[1] instanceof Uint8Array;
  demand(blobs === undefined || (Array.isArray(blobs) && blobs.every(isPair)), 'blobs');
}

/** Throws {@link RequestInvalid} for a blob that is no list of files. */
export function checkFileList(list: Partial<FileList> | null): asserts list is FileList {
  if (!areDirectories(list?.directories)) throw new RequestInvalid('a list of inputs is none');
}

function areDirectories(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      directory =>
        isText(directory?.path) && Array.isArray(directory.files) && directory.files.every(Array.isArray),
    )
  );
}

function demand(holds: boolean, field: string): void {
  if (!holds) throw new RequestInvalid(`field '${field}' of the action is not as the protocol says`);
}

/** What can be handed to a program: the kernel ends strings at NUL. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
