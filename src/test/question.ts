/** What a stub may have asked, for tests of those who are given it. */
import type {Question} from '../make/question.ts';

/** Differs from others by `name`, a word of its command, and by its variables. */
export function questionOf(name: string, env: NodeJS.ProcessEnv = {PATH: '/bin'}): Question {
  return {
    kind: 'compile',
    umask: 0o022,
    asked: 0n,
    directory: '/d',
    program: '/p',
    words: ['cc', '-c', name],
    env,
    isText: true,
  };
}
