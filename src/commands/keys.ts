/** Single keys on the user's terminal, which is left as it was found. */
export interface Keys {
  close(): void;
}

/** Undefined without a terminal. `onKey` is told of letters, and of Ctrl-C as `\x03`, which the terminal no longer handles. */
export function readKeys(onKey: (key: string) => void): Keys | undefined {
  const {stdin} = process;
  if (!stdin.isTTY) return undefined;
  const onData = (bytes: Buffer) => {
    for (const key of bytes.toString('latin1')) onKey(key);
  };
  // A terminal that is closed fails the read that waits on it; SIGHUP is what tells.
  if (!stdin.listeners('error').includes(ignore)) stdin.on('error', ignore);
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return {
    close() {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

function ignore(): void {}
