import {compress, decompress} from '@mongodb-js/zstd';
import {describe, expect, it} from 'vitest';
import type {InvocationRequest, InvocationResponse} from '../src/protocol/invocation.ts';
import {PROTOCOL_VERSION} from '../src/protocol/invocation.ts';
import {decodeResponse, type Envelope, encodeRequest} from '../src/protocol/message.ts';
import {closeEnvelope, openEnvelope} from './envelope.ts';

const pack = (bytes: Uint8Array) => compress(Buffer.from(bytes));
const unpack = (bytes: Uint8Array) => decompress(Buffer.from(bytes));
const REQUEST = {version: PROTOCOL_VERSION, blobs: [['a', Buffer.from('x')]]} as unknown as InvocationRequest;
const REFUSAL = {
  version: PROTOCOL_VERSION,
  result: {kind: 'failure', reason: 'version-mismatch', text: ''},
} satisfies InvocationResponse;

async function envelope(version: number): Promise<Envelope> {
  return {version, zstd: (await pack(encodeRequest(REQUEST))).toString('base64')};
}

describe('an envelope', () => {
  it('holds a request, and is answered by one', async () => {
    const event = await envelope(PROTOCOL_VERSION);
    expect(await openEnvelope(event, unpack)).toEqual(REQUEST);
    const answer = (await closeEnvelope(event, REFUSAL, pack)) as Envelope;
    expect(answer.version).toBe(PROTOCOL_VERSION);
    expect(decodeResponse(await unpack(Buffer.from(answer.zstd, 'base64')))).toEqual(REFUSAL);
  });

  it.each([
    ['an earlier version, which knows no envelope', async () => ({version: 5, action: {}}), 5],
    ['a later one', () => envelope(PROTOCOL_VERSION + 1), PROTOCOL_VERSION + 1],
    ['this version that asks for nothing', async () => ({version: PROTOCOL_VERSION}), PROTOCOL_VERSION],
    ['nobody', async () => null, undefined],
    ['another program', async () => 'hello', undefined],
  ])('from %s is not opened, and the answer is plain', async (_, made, version) => {
    const event = await made();
    expect(await openEnvelope(event, unpack)).toEqual({version});
    expect(await closeEnvelope(event, REFUSAL, pack)).toBe(REFUSAL);
  });

  it.each([
    ['no frame', Buffer.from('no frame')],
    ['nothing', Buffer.alloc(0)],
  ])('that holds %s is an error', async (_, bytes) => {
    const event = {version: PROTOCOL_VERSION, zstd: bytes.toString('base64')};
    await expect(openEnvelope(event, unpack)).rejects.toThrow();
  });
});
