/** A function of AWS Lambda, as it is called. (API reference of Lambda, `Invoke`.) */
import {escapeUri, type Refusal, type Service, type ServiceAnswer} from './service.ts';

export interface Invoked {
  /** The function ended without an answer of its own; `answer` is the runtime's word on it. */
  readonly failed: boolean;
  readonly answer: Buffer;
}

export class LambdaFunction {
  readonly #service: Service;
  readonly #path: string;

  /** By its name, its ARN, or either with a version. */
  constructor(service: Service, name: string) {
    this.#service = service;
    this.#path = `/2015-03-31/functions/${escapeUri(name)}/invocations`;
  }

  /** Waits for its answer. @throws what {@link Service.request} does */
  async invoke(payload: Buffer, signal: AbortSignal): Promise<Invoked> {
    const {headers, body} = await this.#service.request({
      method: 'POST',
      path: this.#path,
      headers: {'content-type': 'application/octet-stream'},
      body: payload,
      signal,
    });
    return {failed: headers['x-amz-function-error'] !== undefined, answer: body};
  }
}

/** What an answer of Lambda's in JSON says. */
export function lambdaRefusal({status, headers, body}: ServiceAnswer): Refusal {
  const said = jsonOf(body);
  // 'Name:http://internal...' and 'namespace#Name' are both in use.
  const type = headers['x-amzn-errortype'] ?? said.__type ?? said.code;
  const name = String(type ?? `Status${status}`)
    .replace(/[:,].*/s, '')
    .replace(/^.*#/s, '');
  const message = String(said.message ?? said.Message ?? `${name} (${status})`);
  return {name, message, ...(typeof said.Reason === 'string' && {Reason: said.Reason})};
}

function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    return (JSON.parse(body.toString()) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}
