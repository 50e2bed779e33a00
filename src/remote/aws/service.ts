/**
 * Requests to one of AWS's services: signed, sent over connections that are kept, and answered whole. Errors have the
 * shape of the SDK's. (Its clients take ten times the time for a request that this takes: middleware for each of them,
 * and streams. Signing and connections are the same packages' as theirs.)
 */
import type {IncomingHttpHeaders} from 'node:http';
import type {SignatureV4} from '@smithy/signature-v4';
import type {Dispatcher} from 'undici';

export interface ServiceRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Below the endpoint, percent-encoded, with its slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** In lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
  /** A connection that says nothing for so long is lost, in ms. Default: {@link openDispatcher}'s. */
  readonly silence?: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a service said of a request that it refused. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  /** Lambda's, for throttling. */
  readonly Reason?: string;
}

/** As the SDK's errors are. */
export class ServiceError extends Error {
  override readonly name: string;
  readonly Reason: string | undefined;
  readonly retryAfterSeconds: string | undefined;
  readonly $metadata: {readonly httpStatusCode: number; readonly clockSkewCorrected: boolean};

  constructor({name, message, Reason}: Refusal, {status, headers}: ServiceAnswer, isClockSet: boolean) {
    super(message);
    this.name = name;
    this.Reason = Reason;
    this.retryAfterSeconds = headers['retry-after'];
    this.$metadata = {httpStatusCode: status, clockSkewCorrected: isClockSet};
  }
}

export interface ServiceOptions {
  /** Where requests go: origin, and what each path begins with. */
  readonly endpoint: URL;
  readonly signer: SignatureV4;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  /** Reads the answer to a request that was refused. */
  readonly refusal: (answer: ServiceAnswer) => Refusal;
}

/** A clock that is wrong by so much is set by the service's, in ms; AWS refuses what is signed five minutes off. */
const SKEW_LIMIT = 240_000;
const SKEWED = 'RequestTimeTooSkewed';

export class Service {
  readonly #options: ServiceOptions;
  readonly #base: string;
  /** What the service's clock is ahead of this machine's, in ms. */
  #ahead = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#base = options.endpoint.pathname.replace(/\/$/, '');
  }

  /** @throws ServiceError, what the connection says, the signal's reason */
  async request(request: ServiceRequest): Promise<ServiceAnswer> {
    const {endpoint, signer} = this.#options;
    const {method, query = {}, headers, body, signal} = request;
    const path = `${this.#base}${request.path}`;
    const ahead = this.#ahead;
    const signed = await signer.sign(
      {
        method,
        protocol: endpoint.protocol,
        hostname: endpoint.hostname,
        path,
        query: {...query},
        headers: {...headers, host: endpoint.host},
        body,
      },
      {signingDate: new Date(Date.now() + ahead)},
    );
    signal.throwIfAborted();
    const answer = await this.#exchange(request, `${path}${searchOf(query)}`, signed.headers);
    if (answer.status < 300) return answer;
    this.#setClock(answer.headers);
    const isClockSet = this.#ahead !== ahead;
    const refusal = this.#options.refusal(answer);
    // An answer to HEAD cannot say why.
    const name = isClockSet && method === 'HEAD' && answer.status === 403 ? SKEWED : refusal.name;
    throw new ServiceError({...refusal, name}, answer, isClockSet);
  }

  #exchange(
    {method, body, signal, silence}: ServiceRequest,
    path: string,
    headers: Record<string, string>,
  ): Promise<ServiceAnswer> {
    const {endpoint, dispatcher} = this.#options;
    return new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined;
      let given: Error | undefined;
      const onAbort = () => {
        given = signal.reason as Error;
        controller?.abort(given);
        end(() => reject(given));
      };
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      signal.addEventListener('abort', onAbort, {once: true});
      let status = 0;
      let answered: IncomingHttpHeaders = {};
      let chunks: Buffer[] = [];
      dispatcher.dispatch(
        {
          origin: endpoint.origin,
          method,
          path,
          headers,
          body: body ?? null,
          ...(silence !== undefined && {headersTimeout: silence, bodyTimeout: silence}),
        },
        {
          onRequestStart(started) {
            controller = started;
            chunks = [];
            if (given) started.abort(given);
          },
          onResponseStart(_, code, fields) {
            status = code;
            answered = fields;
          },
          onResponseData: (_, chunk) => void chunks.push(chunk),
          onResponseEnd: () =>
            end(() =>
              resolve({
                status,
                headers: answered,
                body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
              }),
            ),
          onResponseError: (_, error) => end(() => reject(error)),
        },
      );
    });
  }

  #setClock({date, age}: IncomingHttpHeaders): void {
    const theirs = Date.parse(date ?? '');
    // With an age it comes from a proxy that kept it.
    if (Number.isNaN(theirs) || age !== undefined) return;
    const ahead = theirs - Date.now();
    if (Math.abs(ahead - this.#ahead) >= SKEW_LIMIT) this.#ahead = ahead;
  }
}

/** Encoded as the signer encodes it. */
function searchOf(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** RFC 3986: all but unreserved characters. */
export function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
