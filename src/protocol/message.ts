/** Requests and responses as bytes: parts (`parts.ts`), and these in an envelope where only JSON is carried. No I/O here. */
import type {
  ActionResult,
  InvocationRequest,
  InvocationResponse,
  Observed,
  WorkerFailure,
} from './invocation.ts';
import {decodeParts, encodeParts, putContents, takeContents} from './parts.ts';

/**
 * A message on its way through Lambda, which carries JSON alone. Compressed it takes a quarter of the line, and the
 * version stands outside: who speaks another one need not open it.
 */
export interface Envelope {
  readonly version: number;
  /** Base64 of one zstd frame, the message. */
  readonly zstd: string;
}

export function isEnvelope(value: unknown): value is Envelope {
  return typeof (value as Envelope | null | undefined)?.zstd === 'string';
}

export function encodeRequest(request: InvocationRequest): Buffer {
  const {blobs} = request;
  if (blobs === undefined) return encodeParts(request, []);
  return encodeParts(
    {...request, blobs: blobs.map(([digest], i) => [digest, i])},
    blobs.map(([, bytes]) => bytes),
  );
}

/** Whoever gets it checks it: it may say anything. @throws as {@link decodeParts} */
export function decodeRequest(bytes: Buffer): InvocationRequest {
  const {value, contents} = decodeParts(bytes);
  const request = value as InvocationRequest | null;
  if (!Array.isArray(request?.blobs)) return value as InvocationRequest;
  return {...request, blobs: request.blobs.map(([digest, i]) => [digest, contents[i]!])};
}

export function encodeResponse(response: InvocationResponse): Buffer {
  const {result} = response;
  if (result.kind !== 'result') return encodeParts(response, []);
  const contents: Uint8Array[] = [];
  return encodeParts({...response, result: takeContents(result, contents)}, contents);
}

/** Undefined where it is no response. */
export function decodeResponse(bytes: Buffer): InvocationResponse | undefined {
  try {
    const {value, contents} = decodeParts(bytes);
    if (!isResponse(value)) return undefined;
    const {result} = value;
    return result.kind === 'result' ? {...value, result: putContents(result, contents)} : value;
  } catch {
    return undefined;
  }
}

/** Whether it has the shape, as far as nothing else checks it. */
export function isResponse(value: unknown): value is InvocationResponse {
  const {result} = (value ?? {}) as {result?: Partial<ActionResult> | WorkerFailure | null};
  if (result?.kind !== 'result') return result?.kind === 'failure' && typeof result.text === 'string';
  const {exitCode, stdout, stderr, outputs, missing, observed, timing} = result;
  const {read, found, absent, listed} = (observed ?? {}) as Partial<Observed>;
  return (
    typeof exitCode === 'number' &&
    [outputs, missing, read, found, absent, listed].every(Array.isArray) &&
    [stdout, stderr, timing].every(part => typeof part === 'object' && part !== null)
  );
}
