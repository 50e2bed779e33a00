/** Compilers in a Lambda layer: every blob of their toolchains under its digest, in a folder that Node's own search for modules finds. */

/** Name of that folder, as a module's. */
export const LAYER_MODULE = 'llama-compilers';

/** Of a blob, inside the layer. Lambda's Node runtimes search `nodejs/node_modules` of each layer. */
export function layerPath(digest: string): string {
  return `nodejs/node_modules/${LAYER_MODULE}/${digest}`;
}
