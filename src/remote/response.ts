/**
 * A worker's answer, read. The outputs inside it, which are nearly all of its bytes, are cut out of it first: base64 needs
 * no parser of JSON, who looks at each character of it.
 */
import type {InvocationResponse, OutputBytes} from '../protocol/invocation.ts';

const INLINE = Buffer.from('"inline":"');
const QUOTE = 0x22;

/** Undefined where it is no response. */
export function readResponse(answer: Buffer): InvocationResponse | undefined {
  const {text, taken} = takeInline(answer);
  try {
    const response = JSON.parse(text) as Partial<InvocationResponse> | null;
    if (typeof response?.result?.kind !== 'string') return undefined;
    return putBack(response as InvocationResponse, taken);
  } catch {
    return undefined;
  }
}

/** In place of each its number. A quote inside of a JSON string has a backslash before it, so what is found is a key. */
function takeInline(answer: Buffer): {readonly text: string; readonly taken: readonly string[]} {
  const taken: string[] = [];
  let text = '';
  let at = 0;
  for (;;) {
    const key = answer.indexOf(INLINE, at);
    const start = key + INLINE.length;
    const end = key < 0 ? -1 : answer.indexOf(QUOTE, start);
    if (end < 0) break;
    const value = answer.toString('latin1', start, end);
    // Whoever writes '/' as '\/' is read as JSON.
    if (value.includes('\\')) return {text: answer.toString(), taken: []};
    text += answer.toString('utf8', at, start) + taken.length;
    taken.push(value);
    at = end;
  }
  return {text: text + answer.toString('utf8', at), taken};
}

function putBack(response: InvocationResponse, taken: readonly string[]): InvocationResponse {
  const {result} = response;
  if (result.kind !== 'result' || taken.length === 0) return response;
  const whole = <T extends OutputBytes>(output: T): T =>
    output.inline === undefined ? output : {...output, inline: taken[Number(output.inline)]};
  const {stdout, stderr, outputs} = result;
  return {
    ...response,
    result: {...result, stdout: whole(stdout), stderr: whole(stderr), outputs: outputs.map(whole)},
  };
}
