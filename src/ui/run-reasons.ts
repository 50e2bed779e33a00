/** Why a compile that was to run elsewhere ran here after all; that is seen only while it is built. */
export const RUN_REASONS: Readonly<Record<string, string>> = {
  verified: 'compiled here as well, to be compared',
  'undiscovered-input': 'its inputs could not all be found without the compiler',
  'output-missing': 'the worker made less than the command is to make',
  'depfile-unreadable': 'the depfile cannot be read',
  'worker-killed': 'something ended the compiler on the worker, want of memory most often',
  'worker-lost': 'the worker went away each time',
  'worker-refused': 'no worker could be started, or none took it',
  'client-failed': 'a file that is needed to send it could not be read or written',
  'file-time': 'it asks for the time of a file (__TIMESTAMP__)',
  'blob-missing': 'an input or output vanished from the store each time',
  'blob-corrupt': 'an input or output in the store was damaged each time',
  'store-failed': 'the store cannot be used',
};
