// npm puts the tools of a project's packages first on PATH, and among ours is a ninja that is not the user's: demo, tests
// and benchmarks are about the user's own.
export const SYSTEM_PATH = (process.env.PATH ?? '/usr/bin:/bin')
  .split(':')
  .filter(directory => !directory.includes('node_modules'))
  .join(':');
