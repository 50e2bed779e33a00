/** Opens what an invocation of the function brings, and closes its answer, see `src/protocol/message.ts`. */
import {
  type InvocationRequest,
  type InvocationResponse,
  PROTOCOL_VERSION,
} from '../src/protocol/invocation.ts';
import {decodeRequest, type Envelope, encodeResponse, isEnvelope} from '../src/protocol/message.ts';

/** One zstd frame of bytes, or the bytes of one. */
export type Transform = (bytes: Uint8Array) => Promise<Buffer>;

/**
 * Of who speaks another version, or asks for nothing, the version alone: the worker refuses that by itself.
 * @throws Error where the message is none
 */
export async function openEnvelope(event: unknown, decompress: Transform): Promise<InvocationRequest> {
  if (!isOurs(event)) return {version: (event as Partial<Envelope> | null)?.version} as InvocationRequest;
  return decodeRequest(await decompress(Buffer.from(event.zstd, 'base64')));
}

/** Who sent no envelope of this version gets JSON, which all versions read. */
export async function closeEnvelope(
  event: unknown,
  response: InvocationResponse,
  compress: Transform,
): Promise<Envelope | InvocationResponse> {
  if (!isOurs(event)) return response;
  const message = await compress(encodeResponse(response));
  return {version: PROTOCOL_VERSION, zstd: message.toString('base64')};
}

function isOurs(event: unknown): event is Envelope {
  return isEnvelope(event) && event.version === PROTOCOL_VERSION;
}
