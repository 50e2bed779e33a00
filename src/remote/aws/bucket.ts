/** A bucket of S3, as far as builds use one. (API reference of S3: `PutObject`, `GetObject`, `HeadObject`, `ListObjectsV2`.) */
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {escapeUri, type Refusal, type Service, type ServiceAnswer, ServiceError} from './service.ts';

type ParseXml = (text: string) => unknown;

export interface StoreRequest {
  readonly signal: AbortSignal;
  /** As in {@link ServiceRequest}. */
  readonly silence: number;
}

export interface PutRequest extends StoreRequest {
  /** Of the content: the server verifies it. */
  readonly digest: Digest;
  /** Whether an object that is there stays as it is. */
  readonly keepsOther: boolean;
}

export interface KeyPage {
  readonly keys: readonly string[];
  /** For the page after it. */
  readonly next: string | undefined;
}

export class Bucket {
  readonly #service: Service;
  readonly #parse: ParseXml;

  constructor(service: Service, parse: ParseXml) {
    this.#service = service;
    this.#parse = parse;
  }

  /** Answers 'met' where an object was there and stayed. @throws what {@link Service.request} does */
  async put(
    key: string,
    bytes: Uint8Array,
    {digest, keepsOther, ...how}: PutRequest,
  ): Promise<'made' | 'met'> {
    try {
      await this.#service.request({
        ...how,
        method: 'PUT',
        path: pathOf(key),
        headers: {
          'x-amz-content-sha256': digest,
          'x-amz-checksum-sha256': checksumOf(digest),
          'content-type': 'application/octet-stream',
          ...(keepsOther && {'if-none-match': '*'}),
        },
        body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      });
      return 'made';
    } catch (error) {
      if (keepsOther && error instanceof ServiceError && error.$metadata.httpStatusCode === 412) return 'met';
      throw error;
    }
  }

  /** @throws what {@link Service.request} does, and an error where that is not what was sent */
  async get(key: string, how: StoreRequest): Promise<Buffer> {
    const {headers, body} = await this.#service.request({
      ...how,
      method: 'GET',
      path: pathOf(key),
      headers: {'x-amz-content-sha256': EMPTY, 'x-amz-checksum-mode': 'ENABLED'},
    });
    const sent = headers['x-amz-checksum-sha256'];
    // With a dash: of an upload in parts, whose checksum is none of its content.
    if (typeof sent === 'string' && !sent.includes('-') && sent !== checksumOf(digestOf(body)))
      throw new Error(`checksum mismatch: ${key} was damaged on its way`);
    return body;
  }

  /** @throws what {@link Service.request} does, also where it is not there */
  async head(key: string, how: StoreRequest): Promise<void> {
    await this.#service.request({
      ...how,
      method: 'HEAD',
      path: pathOf(key),
      headers: {'x-amz-content-sha256': EMPTY},
    });
  }

  /** @throws what {@link Service.request} does */
  async list(prefix: string, token: string | undefined, how: StoreRequest): Promise<KeyPage> {
    const {body} = await this.#service.request({
      ...how,
      method: 'GET',
      path: '/',
      query: {'list-type': '2', prefix, ...(token !== undefined && {'continuation-token': token})},
      headers: {'x-amz-content-sha256': EMPTY},
    });
    const {ListBucketResult: page} = this.#parse(body.toString()) as {ListBucketResult: ListedPage | ''};
    if (page === '') return {keys: [], next: undefined};
    return {keys: asArray(page.Contents).map(({Key}) => Key), next: page.NextContinuationToken || undefined};
  }
}

/** As the parser gives it: one element is no array. */
interface ListedPage {
  readonly Contents?: {readonly Key: string} | readonly {readonly Key: string}[];
  readonly NextContinuationToken?: string;
}

/** What an answer of S3's in XML says; one to HEAD says nothing. */
export function s3Refusal({status, body}: ServiceAnswer, parse: ParseXml): Refusal {
  let said: {Code?: string; Message?: string} = {};
  try {
    said = (parse(body.toString()) as {Error?: typeof said}).Error ?? {};
  } catch {
    // A proxy's page, for example.
  }
  const name = said.Code ?? (status === 404 ? 'NotFound' : `Status${status}`);
  return {name, message: said.Message ?? `${name} (${status})`};
}

const EMPTY = digestOf('');

function checksumOf(digest: Digest): string {
  return Buffer.from(digest, 'hex').toString('base64');
}

function pathOf(key: string): string {
  return `/${key.split('/').map(escapeUri).join('/')}`;
}

function asArray<T extends object>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}
