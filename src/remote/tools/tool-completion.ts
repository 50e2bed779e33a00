/** What of a tool's command is left to do when a worker has run the tool: what a shell does with its output, and CMake with its depfile. */
import {digestOf} from '../../protocol/digest.ts';
import type {ActionResult, OutputBytes, OutputFile} from '../../protocol/invocation.ts';
import type {DepfileTransform} from '../../toolchain/tool-command.ts';
import {transformDepfile} from '../../toolchain/transform-depfile.ts';
import {StayLocal} from '../fault.ts';

/** All paths absolute. */
export interface Leftover {
  /** The file that takes standard output. */
  readonly stdout?: string;
  readonly depfile?: DepfileTransform;
}

const NOTHING: OutputBytes = {digest: digestOf(''), size: 0, inline: Buffer.alloc(0)};

/** @throws StayLocal for a depfile that CMake itself has to read */
export async function completed(
  result: ActionResult,
  {stdout: path, depfile}: Leftover,
  read: (output: OutputBytes) => Promise<Buffer>,
): Promise<ActionResult> {
  const added: OutputFile[] = [];
  if (path !== undefined) added.push({path, executable: false, ...result.stdout});
  if (depfile) {
    const own = result.outputs.find(output => output.path === depfile.from);
    const made = transformDepfile(own ? (await read(own)).toString() : '', depfile);
    if (made === undefined) throw new StayLocal('depfile-unreadable');
    added.push(outputOf(depfile.to, made));
  }
  const outputs = [...added, ...result.outputs];
  return {...result, outputs, ...(path !== undefined && {stdout: NOTHING})};
}

function outputOf(path: string, text: string): OutputFile {
  const bytes = Buffer.from(text);
  return {
    path,
    executable: false,
    digest: digestOf(bytes),
    size: bytes.length,
    inline: bytes,
  };
}
