/**
 * The flags of gcc 12 and clang 14 to 19 as a table: which take an argument and how, and what each means for a compile
 * that runs elsewhere. It knows single words; what a whole command line means is for `command-line.ts`.
 */
import type {LocalReason} from './local-reason.ts';

/** What a flag does to the description of a compile. */
export type Role =
  | 'pass'
  | 'local'
  | 'output'
  | 'stage'
  | 'query'
  | 'language'
  | 'search'
  | 'forced-include'
  | 'define'
  | 'undefine'
  | 'builtin'
  | 'depfile-all'
  | 'depfile-user'
  | 'depfile-name'
  | 'depfile-target'
  | 'depfile-quoted-target'
  | 'depfile-phony'
  | 'preprocessor-list'
  | 'preprocessor-word'
  | 'assembler-list'
  | 'assembler-word'
  | 'cc1-word'
  | 'input'
  | 'output-file'
  | 'native'
  | 'fact';

export interface Flag {
  readonly role: Role;
  /** The flag without its value, as the table spells it. */
  readonly name: string;
  /** The value inside the same word. */
  readonly value: string | undefined;
  /** The next word is its value. */
  readonly takesNext: boolean;
  /** With role `local`. */
  readonly reason: LocalReason | undefined;
}

/** What the word, which starts with `-` and is longer than that, means as a flag. */
export function readFlag(word: string): Flag {
  let flag = memo.get(word);
  if (flag === undefined) {
    flag = look(word);
    // Words repeat from compile to compile; the bound is for projects that give each its own.
    if (memo.size >= MEMO_LIMIT) memo.clear();
    memo.set(word, flag);
  }
  return flag;
}

const MEMO_LIMIT = 20_000;
const memo = new Map<string, Flag>();

interface Entry {
  readonly role: Role;
  readonly reason?: LocalReason;
}

/** Whole words without a value. */
const alone = new Map<string, Entry>();
/** Whole words whose value is the next word. */
const separate = new Map<string, Entry>();
/** Beginnings of words whose value follows in the same word, longest beginning first. */
const joined = new Map<string, Entry>();

function put(table: Map<string, Entry>, entry: Entry, names: string): void {
  for (const name of names.split(/\s+/)) if (name !== '') table.set(name, entry);
}

function local(reason: LocalReason): Entry {
  return {role: 'local', reason};
}

/** Flags whose value may stand in the same word or be the next one. */
function either(entry: Entry, names: string): void {
  put(separate, entry, names);
  put(joined, entry, names);
}

const PASS: Entry = {role: 'pass'};

// What to do, and with which output.
put(alone, {role: 'stage'}, '-c -S -E');
put(
  alone,
  {role: 'query'},
  `-M -MM --dependencies --user-dependencies -fsyntax-only --analyze -### --version --help --help-hidden --target-help
   -help -dumpversion -dumpfullversion -dumpmachine -dumpspecs -print-search-dirs -print-libgcc-file-name
   -print-multi-directory -print-multi-lib -print-multi-os-directory -print-multiarch -print-sysroot -print-resource-dir
   -print-sysroot-headers-suffix -print-targets -print-target-triple -print-effective-triple -print-supported-cpus
   -print-runtime-dir -print-ivar-layout -rewrite-objc -rewrite-legacy-objc -extract-api -verify-pch --migrate
   -emit-interface-stubs -emit-merged-ifs`,
);
put(joined, {role: 'query'}, '--help= -print-file-name= -print-prog-name= --autocomplete= --completion=');
either({role: 'output'}, '-o');
either({role: 'language'}, '-x');
put(alone, {role: 'language'}, '-ObjC -ObjC++');

// Where headers are looked for.
either(
  {role: 'search'},
  `-I -F -iquote -isystem -idirafter -iprefix -iwithprefix -iwithprefixbefore -iwithsysroot -iframework
   -iframeworkwithsysroot -cxx-isystem -stdlib++-isystem -isystem-after`,
);
put(joined, {role: 'search'}, '--embed-dir=');
either({role: 'forced-include'}, '-include -imacros');
either({role: 'define'}, '-D');
either({role: 'undefine'}, '-U');
either({role: 'builtin'}, '-isysroot -B');
put(
  separate,
  {role: 'builtin'},
  '--sysroot -target -resource-dir -specs --specs -ccc-install-dir -imultiarch -imultilib',
);
put(
  joined,
  {role: 'builtin'},
  `--sysroot= --target= -std= --std= -stdlib= --stdlib= --gcc-toolchain= --gcc-install-dir= --gcc-triple= -resource-dir=
   -specs= --specs=`,
);
put(
  alone,
  {role: 'builtin'},
  `-nostdinc -nostdinc++ -nostdlibinc -nobuiltininc -ibuiltininc -ansi -m32 -m64 -mx32 -m16 -pthread -fopenmp
   --no-standard-includes -fno-canonical-system-headers`,
);
put(alone, local('unknown-flag'), '-I- -remap');

// Dependencies.
put(alone, {role: 'depfile-all'}, '-MD --write-dependencies');
put(alone, {role: 'depfile-user'}, '-MMD --write-user-dependencies');
put(alone, {role: 'depfile-phony'}, '-MP');
put(alone, local('depfile-form'), '-MG -MV');
either({role: 'depfile-name'}, '-MF');
put(separate, {role: 'depfile-name'}, '-dependency-file');
either({role: 'depfile-target'}, '-MT');
either({role: 'depfile-quoted-target'}, '-MQ');

// Words for the programs behind the driver.
put(joined, {role: 'preprocessor-list'}, '-Wp,');
put(separate, {role: 'preprocessor-word'}, '-Xpreprocessor');
put(joined, {role: 'assembler-list'}, '-Wa,');
put(separate, {role: 'assembler-word'}, '-Xassembler');
put(separate, {role: 'cc1-word'}, '-Xclang');
put(joined, {role: 'cc1-word'}, '-Xclang=');
put(joined, PASS, '-Wl, -Wundef-prefix= -Wno-undef-prefix= -Wsystem-headers-in-module=');
put(
  separate,
  PASS,
  '-Xlinker -Xanalyzer -mllvm -mmlir --param -mthread-model -meabi -z -rpath -arch -A -Zlinker-input',
);
put(joined, PASS, '--param= -mllvm= -A');
either(PASS, '-u -T -Tbss -Tdata -Ttext -l -L -y');
put(separate, PASS, '-e');
put(joined, local('unknown-flag'), '-objc -objcmt-');
put(separate, local('compiler-wrapper'), '-wrapper');
put(
  separate,
  local('unknown-flag'),
  '-Xarch_host -Xarch_device -Xopenmp-target -Xcuda-ptxas -Xcuda-fatbinary -ccc-gcc-name -G -b -V',
);

// Files that are read.
put(
  joined,
  {role: 'input'},
  `-fprofile-instr-use= -fprofile-sample-use= -fauto-profile= -fprofile-list= -fprofile-remapping-file=
   -fsanitize-ignorelist= -fsanitize-blacklist= -fsanitize-system-ignorelist= -fsanitize-system-blacklist=
   -fsanitize-coverage-allowlist= -fsanitize-coverage-ignorelist= -fsanitize-coverage-whitelist=
   -fsanitize-coverage-blacklist= -fxray-always-instrument= -fxray-never-instrument= -fxray-attr-list=
   -fthinlto-index= -fmemory-profile-use= -frandomize-layout-seed-file= -fbasic-block-sections=list=
   -fbuild-session-file= -frewrite-map-file=`,
);
put(
  alone,
  local('profile-directory'),
  '-fprofile-use -fprofile-instr-use -fauto-profile -fbranch-probabilities',
);
put(joined, {role: 'fact'}, '-fprofile-use=');
either(local('vfs-overlay'), '-ivfsoverlay -vfsoverlay -ivfsstatcache');
put(separate, local('config-file'), '--config');
put(joined, local('config-file'), '--config= --config-system-dir= --config-user-dir=');
put(joined, local('plugin'), '-fplugin= -fpass-plugin=');
put(joined, PASS, '-fplugin-arg-');
put(
  alone,
  local('modules'),
  `-fmodules -fmodules-ts -fcxx-modules -fimplicit-modules -fimplicit-module-maps -fbuiltin-module-map -fmodule-header
   -fmodule-only -fmodule-output -fmodules-decluse -fmodules-strict-decluse -gmodules --precompile -index-header-map
   -fsystem-module -fmodulemap-allow-subdirectory-search`,
);
put(joined, local('modules'), `-fmodules- -fmodule- -fprebuilt- -flang-info- -fdeps- -fexperimental-modules`);
put(
  separate,
  local('modules'),
  '-fmodules-user-build-path -fmodule-implementation-of -module-dependency-dir -iapinotes-modules',
);
put(separate, local('pch'), '-include-pch');
put(alone, local('pch'), '-relocatable-pch --relocatable-pch -emit-pth -emit-ast');

// Files that are written.
either({role: 'output-file'}, '-MJ');
put(
  separate,
  {role: 'output-file'},
  '-serialize-diagnostics --serialize-diagnostics -dependency-dot -aux-info',
);
put(
  joined,
  {role: 'output-file'},
  '-foptimization-record-file= -fthin-link-bitcode= -fprofile-note= -fproc-stat-report=',
);
put(
  alone,
  {role: 'fact'},
  `-gsplit-dwarf -gsplit-dwarf=split -gsplit-dwarf=single -gno-split-dwarf --coverage -coverage -ftest-coverage
   -fno-test-coverage -fstack-usage -fcallgraph-info -ftime-trace -fsave-optimization-record
   -fno-save-optimization-record -emit-llvm -flto -fno-lto`,
);
put(joined, {role: 'fact'}, '-fcallgraph-info= -fsave-optimization-record= -flto=');
put(alone, local('save-temps'), '-save-temps --save-temps');
put(joined, local('save-temps'), '-save-temps= --save-temps=');
put(joined, local('dump-files'), '-fdump- -fopt-info-');
put(
  joined,
  local('side-output'),
  '-ftime-trace= -save-stats= --save-stats= -fdiagnostics-add-output= -fdiagnostics-set-output= -time=',
);
put(
  alone,
  local('side-output'),
  '-fdiagnostics-format=sarif-file -fdiagnostics-format=json-file -save-stats --save-stats -gen-reproducer',
);
put(
  separate,
  local('side-output'),
  '-gen-cdb-fragment-path -index-store-path -index-unit-output-path -dsym-dir -symbol-graph-dir --analyzer-output',
);
put(separate, local('dump-name'), '-dumpbase -dumpbase-ext -dumpdir --dumpbase --dumpbase-ext --dumpdir');

// Directories that are written into the object as text, names that are no files.
put(
  joined,
  PASS,
  `-ffile-prefix-map= -fdebug-prefix-map= -fmacro-prefix-map= -fcoverage-prefix-map= -fprofile-prefix-map=
   -fdebug-compilation-dir= -fcoverage-compilation-dir= -ffile-compilation-dir= -fprofile-prefix-path= -frandom-seed=
   -fuse-ld= --ld-path= -fcrash-diagnostics-dir= -fprofile-dir= -fprofile-generate= -fcs-profile-generate=
   -fprofile-instr-generate= -fprofile-filter-files= -fprofile-exclude-files= -object-file-name=
   -finstrument-functions-exclude-file-list= -finstrument-functions-exclude-function-list=
   --system-header-prefix= --no-system-header-prefix= -fdebug-default-version= -fsymbol-partition= -rtlib= --rtlib=
   -unwindlib= --unwindlib= -fembed-bitcode= -cuid=`,
);
put(
  separate,
  PASS,
  '-fdebug-compilation-dir -object-file-name --system-header-prefix --no-system-header-prefix -ftrapv-handler -fnew-alignment -fxray-instruction-threshold -fexperimental-openacc-macro-override',
);
put(joined, local('working-directory'), '-working-directory=');
put(separate, local('working-directory'), '-working-directory');

// The machine, the character sets, other devices, what the driver prints.
put(alone, {role: 'native'}, '-march=native -mtune=native -mcpu=native');
put(joined, {role: 'native'}, '-march= -mtune= -mcpu=');
put(joined, {role: 'fact'}, '-finput-charset= -fexec-charset= -fwide-exec-charset=');
put(
  joined,
  local('offload'),
  '-fopenmp-targets= --offload= --offload-arch= --cuda- -foffload- -fembed-offload-object=',
);
put(joined, {role: 'fact'}, '-foffload=');
put(alone, PASS, '-foffload-lto');
put(alone, local('driver-output'), '-v --verbose -ccc-print-phases -ccc-print-bindings -freport-bug -time');

// Everything that is a word of its own and names no file.
put(
  alone,
  PASS,
  `-w -p -pg -s -r -t -C -CC -P -H -Q -Qn -Qy -pipe --pipe -pedantic -pedantic-errors --pedantic --pedantic-errors
   -no-pedantic -traditional -traditional-cpp -trigraphs -undef -no-integrated-cpp -integrated-as -no-integrated-as
   -canonical-prefixes -no-canonical-prefixes -pass-exit-codes -Qunused-arguments --start-no-unused-arguments
   --end-no-unused-arguments -nostdlib -nostdlib++ -nodefaultlibs -nostartfiles -nolibc -shared -static -static-pie -pie
   -no-pie -nopie -rdynamic -symbolic -static-libgcc -shared-libgcc -static-libstdc++ -static-libasan -static-libtsan
   -static-libubsan -static-liblsan -static-libsan -shared-libsan -static-openmp -pthreads -no-pthread -via-file-asm
   --no-default-config -fintegrated-as -compat -combine --ansi --debug --optimize --all-warnings
   --extra-warnings --no-warnings --verify-debug-info`,
);
put(joined, PASS, '-O -R -dA -dp -dP -dH -dx -dD -dM -dN -dI -dU');

const joinedLengths = [...new Set([...joined.keys()].map(name => name.length))].sort((a, b) => b - a);

function look(word: string): Flag {
  const single = alone.get(word);
  if (single !== undefined) return flagOf(single, word);
  const paired = separate.get(word);
  if (paired !== undefined) return {...flagOf(paired, word), takesNext: true};
  for (const length of joinedLengths) {
    if (length > word.length) continue;
    const name = word.slice(0, length);
    const entry = joined.get(name);
    if (entry !== undefined) return flagOf(entry, name, word.slice(length));
  }
  return flagOf(byShape(word), word);
}

function flagOf(entry: Entry, name: string, value?: string): Flag {
  return {role: entry.role, name, value, takesNext: false, reason: entry.reason};
}

/** Words of the open families `-f -m -W -g` are harmless unless they hold a path; `-d` with letters makes gcc dump. */
function byShape(word: string): Entry {
  if (/^-[fmWg]/.test(word)) return word.includes('/') ? local('unknown-flag-file') : PASS;
  if (/^-d[a-zA-Z]+$/.test(word)) return local('dump-files');
  return local(word.includes('/') ? 'unknown-flag-file' : 'unknown-flag');
}
