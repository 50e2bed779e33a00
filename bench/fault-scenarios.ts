/** What can go wrong between llama and AWS, each as a plan for the proxy. Words and codes are those that AWS documents. */
import type {Answer, Asked, Fault, Plan} from './fault-proxy.ts';

export interface Scenario {
  readonly name: string;
  /** Made anew for each build. */
  readonly plan: () => Plan;
  /** Credentials come from a process and are replaced when they are asked for again. */
  readonly hasRotatingKeys?: true;
  /** The client has to send all that it once sent. */
  readonly forgetsUploads?: true;
  /** Results are looked up and kept, and none is there. */
  readonly usesResults?: true;
  /** The cloud ends for good: what is not done by then is to be done here. */
  readonly isEnd?: true;
  /**
   * Stable names, one of which has to be in the summary's retries or reasons for running here; '' where a worker may mend
   * it unseen.
   */
  readonly told: readonly string[];
}

const isInvoke = ({service, method}: Asked) => service === 'lambda' && method === 'POST';
const isBlob = ({service, path}: Asked) => service === 's3' && /\/(?:packs|store|out)\//.test(path);
const isWorkersGet = (asked: Asked) => isBlob(asked) && asked.who === 'worker' && asked.method === 'GET';
const isWorkersPut = (asked: Asked) => isBlob(asked) && asked.who === 'worker' && asked.method === 'PUT';
const isClientsStore = ({service, who}: Asked) => service === 's3' && who === 'client';

/** Every nth of those requests, from the second on. */
function every(n: number, isMeant: (asked: Asked) => boolean, fault: Fault): () => Plan {
  return () => {
    let count = 0;
    return {faultOf: asked => (isMeant(asked) && ++count % n === 2 % n ? fault : undefined)};
  };
}

/** All those requests, once so many invocations have come. */
function after(
  invocations: number,
  isMeant: (asked: Asked) => boolean,
  fault: (asked: Asked) => Fault,
): () => Plan {
  return () => {
    let count = 0;
    return {
      faultOf: asked => {
        if (isInvoke(asked)) count++;
        return count > invocations && isMeant(asked) ? fault(asked) : undefined;
      },
    };
  };
}

function answer(given: Answer): Fault {
  return {kind: 'answer', answer: given};
}

function lambdaError(status: number, type: string, more: Record<string, string> = {}, headers = {}): Fault {
  return answer({
    status,
    headers: {'content-type': 'application/json', 'x-amzn-errortype': type, ...headers},
    body: JSON.stringify({Type: 'Service', Message: type, message: type, ...more}),
  });
}

function s3Error(status: number, code: string): Fault {
  return answer({
    status,
    headers: {'content-type': 'application/xml'},
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  });
}

function functionError(type: string, text: string): Fault {
  return answer({
    status: 200,
    headers: {'content-type': 'application/json', 'x-amz-function-error': 'Unhandled'},
    body: JSON.stringify({errorType: type, errorMessage: text}),
  });
}

const both = (lambda: Fault, s3: Fault) => (asked: Asked) => (asked.service === 'lambda' ? lambda : s3);

const EXPIRED = both(lambdaError(403, 'ExpiredTokenException'), s3Error(400, 'ExpiredToken'));
const SKEWED = both(
  lambdaError(403, 'InvalidSignatureException', {
    message:
      'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)',
  }),
  s3Error(403, 'RequestTimeTooSkewed'),
);
const HOUR = 3_600_000;

export const scenarios: readonly Scenario[] = [
  {
    name: 'Lambda 429 by concurrency',
    plan: every(
      3,
      isInvoke,
      lambdaError(429, 'TooManyRequestsException', {Reason: 'ConcurrentInvocationLimitExceeded'}),
    ),
    told: ['lambda:ConcurrentInvocationLimitExceeded'],
  },
  {
    name: 'Lambda 429 by rate, with Retry-After',
    plan: every(
      5,
      isInvoke,
      lambdaError(429, 'TooManyRequestsException', {Reason: 'CallerRateLimitExceeded'}, {'retry-after': '1'}),
    ),
    told: ['lambda:CallerRateLimitExceeded'],
  },
  {
    name: 'Lambda 500',
    plan: every(4, isInvoke, lambdaError(500, 'ServiceException')),
    told: ['lambda:status-500'],
  },
  {
    name: 'Lambda 502, no JSON',
    plan: every(
      4,
      isInvoke,
      answer({status: 502, headers: {'content-type': 'text/html'}, body: '<html>Bad Gateway'}),
    ),
    told: ['lambda:status-502'],
  },
  {
    name: 'Lambda 503',
    plan: every(4, isInvoke, lambdaError(503, 'ServiceUnavailable')),
    told: ['lambda:status-503'],
  },
  {
    name: 'invocation reset before it is done',
    plan: every(4, isInvoke, {kind: 'reset', when: 'before'}),
    told: ['lambda:connection-lost'],
  },
  {
    name: 'invocation reset after it is done',
    plan: every(4, isInvoke, {kind: 'reset', when: 'after'}),
    told: ['lambda:connection-lost'],
  },
  {name: 'answer cut off', plan: every(4, isInvoke, {kind: 'cut'}), told: ['lambda:connection-lost']},
  {
    name: 'answer damaged',
    plan: every(4, isInvoke, {kind: 'damage'}),
    told: ['worker:lost', 'worker-lost', 'blob-corrupt', 'worker:blob-corrupt'],
  },
  {name: 'no answer', plan: every(20, isInvoke, {kind: 'silence', when: 'before'}), told: ['lambda:overdue']},
  {
    name: 'no answer, though done',
    plan: every(20, isInvoke, {kind: 'silence', when: 'after'}),
    told: ['lambda:overdue'],
  },
  {
    name: 'out of memory',
    plan: every(
      6,
      isInvoke,
      functionError('Runtime.ExitError', 'RequestId: 0 Error: Runtime exited with error: signal: killed'),
    ),
    told: ['worker-out-of-memory', 'worker:out-of-memory'],
  },
  {
    name: 'out of time',
    plan: every(
      6,
      isInvoke,
      functionError('Sandbox.Timedout', 'RequestId: 0 Error: Task timed out after 900.00 seconds'),
    ),
    told: ['worker-timed-out'],
  },
  {
    name: 'worker crashes',
    plan: every(
      4,
      isInvoke,
      functionError('Runtime.ExitError', 'RequestId: 0 Error: Runtime exited with error: exit status 1'),
    ),
    told: ['worker:lost'],
  },
  {
    name: '413, request too large',
    plan: every(6, isInvoke, lambdaError(413, 'RequestTooLargeException')),
    told: ['worker-too-large'],
  },
  {
    name: 'answer too large',
    plan: every(
      6,
      isInvoke,
      functionError(
        'Function.ResponseSizeTooLarge',
        'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      ),
    ),
    told: ['worker-too-large', 'worker:too-large'],
  },
  {
    name: 'function not ready',
    plan: every(4, isInvoke, lambdaError(502, 'ResourceNotReadyException')),
    told: ['lambda:not-ready'],
  },
  {
    name: 'function in change',
    plan: every(4, isInvoke, lambdaError(409, 'ResourceConflictException')),
    told: ['lambda:not-ready'],
  },
  {
    name: 'code being made ready',
    plan: every(4, isInvoke, lambdaError(409, 'CodeArtifactUserPendingException')),
    told: ['lambda:not-ready'],
  },
  {
    name: 'S3 503 SlowDown to workers',
    plan: every(2, isWorkersGet, s3Error(503, 'SlowDown')),
    told: ['worker:store-failed', 'store-failed', ''],
  },
  {
    name: 'S3 500 to workers',
    plan: every(3, isWorkersGet, s3Error(500, 'InternalError')),
    told: ['worker:store-failed', ''],
  },
  {
    name: 'S3 reset to workers',
    plan: every(3, isWorkersGet, {kind: 'reset', when: 'before'}),
    told: ['worker:store-failed', ''],
  },
  {
    name: 'S3 cut off to workers',
    plan: every(3, isWorkersGet, {kind: 'cut'}),
    told: ['worker:store-failed', ''],
  },
  {
    name: 'S3 damaged to workers',
    plan: every(3, isWorkersGet, {kind: 'damage'}),
    told: ['worker:blob-corrupt', 'blob-corrupt', ''],
  },
  {
    name: 'S3 404 to workers',
    plan: every(5, isWorkersGet, s3Error(404, 'NoSuchKey')),
    told: ['worker:blob-missing'],
  },
  {
    name: 'S3 500 to puts of workers',
    plan: every(3, isWorkersPut, s3Error(500, 'InternalError')),
    told: ['worker:store-failed', ''],
  },
  {
    name: 'S3 503 SlowDown to the client',
    plan: every(2, isClientsStore, s3Error(503, 'SlowDown')),
    forgetsUploads: true,
    told: ['s3:SlowDown'],
  },
  {
    name: 'S3 409 to puts of the client',
    plan: every(
      2,
      asked => isClientsStore(asked) && asked.method === 'PUT',
      s3Error(409, 'ConditionalRequestConflict'),
    ),
    forgetsUploads: true,
    told: ['s3:conflict'],
  },
  {
    name: 'S3 resets the client',
    plan: every(3, isClientsStore, {kind: 'reset', when: 'after'}),
    forgetsUploads: true,
    told: ['s3:connection-lost'],
  },
  {
    name: 'S3 damaged to the client',
    plan: every(3, asked => isClientsStore(asked) && isBlob(asked) && asked.method === 'GET', {
      kind: 'damage',
    }),
    told: ['s3:damaged'],
  },
  {
    name: 'S3 does not answer the client',
    plan: every(4, isClientsStore, {kind: 'silence', when: 'before'}),
    forgetsUploads: true,
    usesResults: true,
    told: ['s3:connection-lost'],
  },
  {
    name: 'S3 does not answer workers',
    plan: every(12, isWorkersGet, {kind: 'silence', when: 'before'}),
    told: [''],
  },
  {
    name: 'S3 500 to results',
    plan: every(
      2,
      ({service, path}) => service === 's3' && /results(?:\/|%2F)/i.test(path),
      s3Error(500, 'InternalError'),
    ),
    usesResults: true,
    told: ['s3:status-500'],
  },
  {
    name: 'credentials expire and are renewed',
    plan: () => {
      let count = 0;
      let first = '';
      return {
        faultOf: asked => {
          if (asked.who !== 'client') return undefined;
          first ||= asked.key;
          if (isInvoke(asked)) count++;
          return count > 20 && asked.key === first ? EXPIRED(asked) : undefined;
        },
      };
    },
    hasRotatingKeys: true,
    told: ['lambda:credentials-expired'],
  },
  {
    name: 'credentials expire for good',
    plan: after(20, ({who}) => who === 'client', EXPIRED),
    isEnd: true,
    told: ['cloud-credentials-expired'],
  },
  {
    name: "this machine's clock an hour slow",
    plan: () => ({
      clockAhead: HOUR,
      faultOf: asked =>
        asked.who === 'client' && Math.abs(Date.now() + HOUR - asked.signedAt) > 300_000
          ? SKEWED(asked)
          : undefined,
    }),
    told: ['lambda:clock-corrected', 's3:clock-corrected'],
  },
  {
    name: 'the network goes away',
    plan: after(20, isInvoke, () => ({kind: 'unreachable'})),
    isEnd: true,
    told: ['cloud-no-network', 'store-failed'],
  },
  {
    name: 'the stack is deleted',
    plan: after(
      20,
      () => true,
      both(lambdaError(404, 'ResourceNotFoundException'), s3Error(404, 'NoSuchBucket')),
    ),
    isEnd: true,
    told: ['cloud-function-missing'],
  },
  {
    name: 'access is withdrawn',
    plan: after(
      20,
      ({who}) => who === 'client',
      both(lambdaError(403, 'AccessDeniedException'), s3Error(403, 'AccessDenied')),
    ),
    isEnd: true,
    told: ['cloud-access-denied'],
  },
];
