/**
 * Looks into ccache's configuration files for settings that change what the compiler is given. Which of the files ccache
 * would really read depends on more than we ask, so all of them count.
 */
import {CCACHE_KEYS, type Environment} from './launcher.ts';
import type {Local} from './local-reason.ts';

/**
 * The first such setting, or undefined. `read` gives a file's text, undefined when there is none. Ask once per build:
 * the answer holds for every command with ccache in front.
 */
export function ccacheConfigFault(
  env: Environment,
  read: (path: string) => string | undefined,
): Local | undefined {
  for (const path of configPaths(env)) {
    for (const line of read(path)?.split('\n') ?? []) {
      const [, key = '', value = ''] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (CCACHE_KEYS.has(key) && value !== '') {
        return {reason: 'launcher-settings', detail: `${path}: ${key} = ${value}`};
      }
    }
  }
  return undefined;
}

function configPaths(env: Environment): string[] {
  if (env.CCACHE_CONFIGPATH) return [env.CCACHE_CONFIGPATH];
  const paths = [env.CCACHE_CONFIGPATH2 ?? '', '/etc/ccache.conf', '/usr/local/etc/ccache.conf'];
  const folders = [
    env.CCACHE_DIR,
    env.HOME && `${env.HOME}/.ccache`,
    env.XDG_CONFIG_HOME && `${env.XDG_CONFIG_HOME}/ccache`,
    env.HOME && `${env.HOME}/.config/ccache`,
  ];
  for (const folder of folders) if (folder) paths.push(`${folder}/ccache.conf`);
  return paths.filter(path => path !== '');
}
