/** Why a compile that was to run elsewhere ran here after all; that is seen only while it is built. */
export const RUN_REASONS: Readonly<Record<string, string>> = {
  'undeclared-input': 'it reads a file that its edge does not declare; the warning names it',
  'undeclared-output': 'it changes a file that its edge does not declare; the warning names it',
  'tool-unfit': 'its program cannot run on a worker; the warning says why',
  'tool-locale':
    'its program may ask for a locale that workers do not have; with LC_ALL=C.UTF-8 it goes there',
  'tool-failed': 'its program failed on the worker, and ran here to show whether that counts',
  verified: 'compiled here as well, to be compared',
  'undiscovered-input': 'its inputs could not all be found without the compiler',
  'standard-output': 'it prints to standard output, which goes another way than its errors',
  'output-missing': 'the worker made less than the command is to make',
  'depfile-unreadable': 'the depfile cannot be read',
  'worker-killed': 'something ended the compiler on the worker, want of memory or of disk most often',
  'worker-lost': 'the worker went away each time',
  'worker-refused': 'no worker could be started, or none took it',
  'worker-too-large': 'more would have to travel with it than an invocation carries',
  'worker-out-of-memory': 'the worker has too little memory for it; more: llama bootstrap --memory 3538',
  'worker-timed-out': 'the worker ran out of time',
  'cloud-no-network': 'AWS cannot be reached; look at the network',
  'cloud-no-credentials': 'there are no credentials for AWS; log in, or name a profile with AWS_PROFILE',
  'cloud-credentials-expired': 'the credentials for AWS have expired; log in again',
  'cloud-clock-skew': "this machine's clock is too wrong for AWS; set it",
  'cloud-access-denied':
    'AWS denied it; the stack has a policy for those who build, llama doctor names what is missing',
  'cloud-function-missing': 'the function is not there; llama bootstrap makes it',
  'cloud-bucket-missing': 'the bucket is not there; llama bootstrap makes it',
  'cloud-function-outdated':
    'the function is of another version of llama; llama bootstrap brings it up to date',
  'cloud-rejected': 'AWS refused it, or failed each time; llama doctor looks into it',
  'own-core': "this machine's cores were free for it; --remote-only sends such compiles too",
  'max-cost': 'the build had cost what --max-cost allows',
  'client-failed': 'a file that is needed to send it could not be read or written',
  'assembler-surroundings': 'its source asks for the time of day or for a variable of the environment',
  'file-time': 'it asks for the time of a file (__TIMESTAMP__)',
  'blob-missing': 'an input or output vanished from the store each time',
  'blob-corrupt': 'an input or output in the store was damaged each time',
  'store-failed': 'the store cannot be used',
};

/** Reasons that the cloud or the way to it is to blame for. */
export function isCloudFault(reason: string): boolean {
  return /^(?:cloud|worker|blob|store)-/.test(reason);
}
