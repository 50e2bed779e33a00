/**
 * `sandbox-runtime OUTSIDE FORWARD...`: the process inside a sandbox. It says in one line of JSON what it can see
 * there, then calls the function with one invocation after the other, as AWS's runtime for node does, by the Runtime API.
 * Each FORWARD, `PORT=SOCKET`, is a way out: who connects to that port here is connected to that socket.
 */
import * as http from 'node:http';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {forward} from './forward.ts';
import {lookAround, type Outside} from './surroundings.ts';

type Handler = (event: unknown) => Promise<unknown>;

const API = '/2018-06-01/runtime';

/** Ends when the endpoint does. */
export async function main([outside = '{}', ...forwards]: readonly string[]): Promise<number> {
  for (const each of forwards) {
    const [port, path = ''] = each.split('=');
    await forward({host: '127.0.0.1', port: Number(port)}, {path});
  }
  process.stdout.write(`${JSON.stringify(await lookAround(JSON.parse(outside) as Outside))}\n`);
  let handler: Handler;
  try {
    handler = await load(process.env);
  } catch (error) {
    await call('POST', '/init/error', errorOf(error));
    return 1;
  }
  for (;;) {
    const {headers, body} = await call('GET', '/invocation/next');
    const path = `/invocation/${headers['lambda-runtime-aws-request-id']}`;
    let answer: unknown;
    try {
      answer = await handler(JSON.parse(body.toString()));
    } catch (error) {
      await call('POST', `${path}/error`, errorOf(error));
      continue;
    }
    await call('POST', `${path}/response`, answer);
  }
}

/** The function that `_HANDLER` names, `FILE.NAME`, from its folder. */
async function load({LAMBDA_TASK_ROOT = '', _HANDLER = ''}: NodeJS.ProcessEnv): Promise<Handler> {
  const [file, name = ''] = _HANDLER.split('.');
  const module = (await import(pathToFileURL(join(LAMBDA_TASK_ROOT, `${file}.js`)).href)) as Record<
    string,
    Handler
  >;
  if (typeof module[name] !== 'function') throw new Error(`${_HANDLER} is no function`);
  return module[name];
}

interface Answer {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

function call(method: 'GET' | 'POST', path: string, value?: unknown): Promise<Answer> {
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}${API}${path}`;
  return new Promise((resolve, reject) => {
    const sent = http.request(url, {method}, async answer => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      resolve({headers: answer.headers, body: Buffer.concat(chunks)});
    });
    sent.once('error', reject);
    sent.end(value === undefined ? undefined : JSON.stringify(value));
  });
}

function errorOf(error: unknown): object {
  const {name, message, stack} = error as Error;
  return {errorType: name, errorMessage: message, stackTrace: stack?.split('\n') ?? []};
}
