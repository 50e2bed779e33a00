/** Which language a source is compiled as: by `-x`, else by its suffix and the driver, as gcc and clang do. */

export type Language = 'c' | 'c++' | 'objective-c' | 'objective-c++' | 'asm' | 'asm-cpp';

export type SourceKind =
  | {readonly kind: 'source'; readonly language: Language; readonly preprocessed: boolean}
  /** A header compiled by itself: the making of a precompiled header. */
  | {readonly kind: 'header'}
  /** A module interface, which makes or needs files of its own. */
  | {readonly kind: 'module'}
  /** Something that these drivers compile and we do not handle. */
  | {readonly kind: 'other'}
  /** What a driver hands to the linker. */
  | {readonly kind: 'linker-input'};

function source(language: Language, preprocessed = false): SourceKind {
  return {kind: 'source', language, preprocessed};
}

const HEADER: SourceKind = {kind: 'header'};
const MODULE: SourceKind = {kind: 'module'};
const OTHER: SourceKind = {kind: 'other'};
const LINKER_INPUT: SourceKind = {kind: 'linker-input'};

const BY_NAME = new Map<string, SourceKind>([
  ['c', source('c')],
  ['cpp-output', source('c', true)],
  ['c++', source('c++')],
  ['c++-cpp-output', source('c++', true)],
  ['objective-c', source('objective-c')],
  ['objective-c-cpp-output', source('objective-c', true)],
  ['objc-cpp-output', source('objective-c', true)],
  ['objective-c++', source('objective-c++')],
  ['objective-c++-cpp-output', source('objective-c++', true)],
  ['objc++-cpp-output', source('objective-c++', true)],
  ['assembler', source('asm')],
  ['assembler-with-cpp', source('asm-cpp')],
  ['c-header', HEADER],
  ['c++-header', HEADER],
  ['objective-c-header', HEADER],
  ['objective-c++-header', HEADER],
  ['c++-system-header', MODULE],
  ['c++-user-header', MODULE],
  ['c++-module', MODULE],
]);

const BY_SUFFIX = new Map<string, SourceKind>([
  ...suffixes('c', source('c')),
  ...suffixes('i', source('c', true)),
  ...suffixes('cc cp cxx cpp CPP c++ C', source('c++')),
  ...suffixes('ii', source('c++', true)),
  ...suffixes('m', source('objective-c')),
  ...suffixes('mi', source('objective-c', true)),
  ...suffixes('mm M', source('objective-c++')),
  ...suffixes('mii', source('objective-c++', true)),
  ...suffixes('s', source('asm')),
  ...suffixes('S sx', source('asm-cpp')),
  ...suffixes('h hh H hp hxx hpp HPP h++ tcc', HEADER),
  ...suffixes('cppm ccm cxxm c++m ixx pcm', MODULE),
  ...suffixes('ll bc cu cl cui hip', OTHER),
  ...suffixes('f for ftn F FOR FTN fpp FPP f90 f95 f03 f08 F90 F95 F03 F08 d di dd go ads adb mod', OTHER),
]);

/** What `-x NAME` says; `none` is not a language and is for the caller. */
export function languageByName(name: string): SourceKind {
  return BY_NAME.get(name) ?? OTHER;
}

/** What the suffix says; `cxx` tells that the driver is a C++ one. */
export function languageBySuffix(path: string, cxx: boolean): SourceKind {
  const kind = BY_SUFFIX.get(path.slice(path.lastIndexOf('.') + 1));
  if (kind === undefined || !path.includes('.')) return LINKER_INPUT;
  if (cxx && kind.kind === 'source' && kind.language === 'c') return source('c++', kind.preprocessed);
  return kind;
}

function suffixes(names: string, kind: SourceKind): [string, SourceKind][] {
  return names.split(' ').map(name => [name, kind]);
}
