/** Without the SDK's word, at each start on Node 20, of which of its versions will be the last for it. */
export function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    // Children get this environment.
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}
