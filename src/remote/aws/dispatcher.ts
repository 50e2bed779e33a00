/** Connections that are kept: how many, for how long, by which proxy, and whose certificates are trusted. */
import {readFileSync} from 'node:fs';
import {rootCertificates} from 'node:tls';
import type {Agent, Dispatcher, EnvHttpProxyAgent} from 'undici';

export interface ConnectionSettings {
  /** Absent: what environment and profile say. */
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  /** Connections at most, to each host. */
  readonly connections: number;
  readonly env: NodeJS.ProcessEnv;
}

/** A compile may take as long as a function may run, and its answer says nothing until then; in ms. */
const ANSWER_LIMIT = 910_000;
const CONNECT_LIMIT = 10_000;

export async function openDispatcher(
  {connections, env}: ConnectionSettings,
  DirectAgent: typeof Agent,
  loadProxyAgent: () => Promise<typeof EnvHttpProxyAgent>,
): Promise<Dispatcher> {
  const ca = env.AWS_CA_BUNDLE ? [...rootCertificates, readFileSync(env.AWS_CA_BUNDLE, 'utf8')] : undefined;
  const options = {
    connections,
    pipelining: 1,
    headersTimeout: ANSWER_LIMIT,
    bodyTimeout: ANSWER_LIMIT,
    connect: {timeout: CONNECT_LIMIT, ...(ca && {ca})},
  };
  const hasProxy = Boolean(env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy);
  if (!hasProxy) return new DirectAgent(options);
  const ProxyAgent = await loadProxyAgent();
  // A proxy makes connections of its own, and takes certificates for them apart.
  return new ProxyAgent({...options, ...(ca && {requestTls: {ca}, proxyTls: {ca}})});
}
