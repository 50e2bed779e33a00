/** The compilers that `llama bootstrap --layer` takes: those that a build from this shell would. */
import {mkdirSync} from 'node:fs';
import {FailureError} from '../failure.ts';
import {identifyToolchain} from '../toolchain/identify.ts';
import {REFUSALS} from '../toolchain/refusal.ts';
import {partFor, type ToolchainPart} from '../toolchain/toolchain-part.ts';

export interface LayerCompiler {
  /** 'gcc 12.2' */
  readonly version: string;
  readonly part: ToolchainPart;
}

/** `cacheDir`: as for builds. @throws FailureError where one cannot travel */
export async function layerCompilers(env: NodeJS.ProcessEnv, cacheDir: string): Promise<LayerCompiler[]> {
  mkdirSync(cacheDir, {recursive: true});
  const wanted = [
    [env.CC || 'cc', 'c'],
    [env.CXX || 'c++', 'c++'],
  ] as const;
  const found: LayerCompiler[] = [];
  for (const [compiler, language] of wanted) {
    const identified = await identifyToolchain(compiler, {
      path: env.PATH ?? '',
      cwd: process.cwd(),
      env,
      cacheDir,
    });
    if (!identified.ok) {
      throw new FailureError({
        reason: 'cloud-failed',
        text: `${compiler} cannot go into a layer: ${REFUSALS[identified.error.reason]}`,
        hint: 'CC and CXX name the compilers that are to',
      });
    }
    const {value} = identified;
    found.push({version: value.version, part: partFor(value, language, cacheDir)});
  }
  return found;
}
