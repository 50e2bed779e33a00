/** What a failed request to AWS means: whether and when to try again, and else what to tell the user. */

export type CloudFault =
  /** The service wants fewer requests. `after`: ms that it asked for. */
  | {readonly kind: 'throttled'; readonly reason: string; readonly after?: number}
  /** Another try may do better. */
  | {readonly kind: 'transient'; readonly reason: string}
  /** No other try will. */
  | {readonly kind: 'final'; readonly reason: FinalReason; readonly text: string};

/** Stable names: they are counted, and each has its advice in {@link ADVICE}. */
export type FinalReason =
  | 'no-network'
  | 'no-credentials'
  | 'credentials-expired'
  | 'clock-skew'
  | 'access-denied'
  | 'function-missing'
  | 'bucket-missing'
  | 'object-missing'
  | 'too-large'
  | 'rejected';

/** The command or the thing to do that mends it. */
export const ADVICE: Readonly<Record<FinalReason, string>> = {
  'no-network': 'look at the network, or build with --cloud embedded',
  'no-credentials': 'log in (aws sso login, or aws configure), or name a profile with AWS_PROFILE',
  'credentials-expired': 'log in again (aws sso login), then run the same command again',
  'clock-skew': "set this machine's clock",
  'access-denied': "ask for the stack's developer policy; llama doctor names what is missing",
  'function-missing': 'llama bootstrap',
  'bucket-missing': 'llama bootstrap',
  'object-missing': 'run the same command again',
  'too-large': 'such a compile stays local',
  rejected: 'llama doctor',
};

interface AwsError extends Error {
  readonly code?: string;
  readonly Reason?: string;
  readonly retryAfterSeconds?: string;
  readonly $metadata?: {readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean};
  readonly $response?: {readonly headers?: Readonly<Record<string, string>>};
  readonly cause?: unknown;
}

/** S3 waited too long for the rest of a body. */
const SLOW = new Set(['RequestTimeout', 'RequestTimeoutException']);
const THROTTLES = new Set(['TooManyRequestsException', 'ThrottlingException', 'SlowDown', 'Throttling']);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired']);
/** Of a wrong clock, or of a wrong secret. */
const BAD_SIGNATURE = 'InvalidSignatureException';
const NO_CREDENTIALS = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  BAD_SIGNATURE,
]);
/** A function that is being made or changed. */
const NOT_READY = new Set([
  'ResourceNotReadyException',
  'ResourceConflictException',
  'CodeArtifactUserPendingException',
]);
const CUT_OFF = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ETIMEDOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function faultOf(error: unknown): CloudFault {
  const {name, message, code = '', $metadata, cause} = error as AwsError;
  const status = $metadata?.httpStatusCode ?? 0;
  const network = code || ((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  if (THROTTLES.has(name) || status === 429) return throttled(error as AwsError);
  // The SDK compares the checksums that S3 sends along.
  if (/checksum mismatch/i.test(message)) return {kind: 'transient', reason: 'damaged'};
  // The SDK has set its own clock by the answer's. It says so of any error while the clock here is wrong.
  const isOfClock = SKEWED.has(name) || name === BAD_SIGNATURE || name === 'SignatureDoesNotMatch';
  if ($metadata?.clockSkewCorrected && isOfClock) return {kind: 'transient', reason: 'clock-corrected'};
  if (SLOW.has(name)) return {kind: 'transient', reason: 'slow-upload'};
  if (NOT_READY.has(name)) return {kind: 'transient', reason: 'not-ready'};
  if (EXPIRED.has(name)) return final('credentials-expired', message);
  if (SKEWED.has(name) || (name === BAD_SIGNATURE && /expired|not yet current/i.test(message)))
    return final('clock-skew', message);
  if (NO_CREDENTIALS.has(name)) return final('no-credentials', message);
  if (CUT_OFF.has(network)) return {kind: 'transient', reason: 'connection-lost'};
  if (UNREACHABLE.has(network)) return {kind: 'transient', reason: 'unreachable'};
  if (status >= 500) return {kind: 'transient', reason: `status-${status}`};
  switch (status) {
    case 403:
      return final('access-denied', message);
    case 404:
      if (name === 'NoSuchBucket') return final('bucket-missing', message);
      return final(name === 'ResourceNotFoundException' ? 'function-missing' : 'object-missing', message);
    case 409:
      return {kind: 'transient', reason: 'conflict'};
    case 413:
      return final('too-large', message);
    default:
      return status === 0
        ? {kind: 'transient', reason: 'connection-lost'}
        : final('rejected', `${name}: ${message}`);
  }
}

/** What a transient fault is called once it has come too often. */
export function lastReason(fault: CloudFault): FinalReason {
  if (fault.kind === 'final') return fault.reason;
  return fault.reason === 'unreachable' ? 'no-network' : 'rejected';
}

function throttled({name, Reason, retryAfterSeconds, $response}: AwsError): CloudFault {
  const after = Number(retryAfterSeconds ?? $response?.headers?.['retry-after']);
  return {
    kind: 'throttled',
    reason: Reason ?? name,
    ...(Number.isFinite(after) && after > 0 && {after: after * 1000}),
  };
}

function final(reason: FinalReason, text: string): CloudFault {
  return {kind: 'final', reason, text};
}
