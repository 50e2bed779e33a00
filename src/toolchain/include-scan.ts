/** The question that the include scanner answers for one compile, and its answer. */
import type {IdSet} from './id-set.ts';
import type {SearchPath} from './search-path.ts';

export interface ScanRequest {
  /** As the command line spells it. */
  readonly source: string;
  /** As `-x` takes it. */
  readonly language: string;
  readonly search: SearchPath;
  /** Arguments of `-include` and `-imacros`. */
  readonly forcedIncludes: readonly string[];
  /** Arguments of `-D`. */
  readonly defines: readonly string[];
  /** Other inputs named by flags: profiles, ignore lists, specs. Those that are no regular files are left out. */
  readonly extraFiles: readonly string[];
}

export interface ScanResult {
  /** Regular files whose text may be read. The paths are as the compiler opens them but for a leading `./`. */
  readonly files: IdSet;
  /** Regular files of which no more than the bytes counts. */
  readonly data: readonly number[];
  /** Existing directories of the search path, absolute, not cleaned. */
  readonly directories: readonly string[];
  /** Names, as directives spell them, that mean no file now; most stand in branches for other systems. */
  readonly absentIncludes: readonly string[];
  /** Names for which a `.gch` lies where they are looked for: GCC may read that instead. */
  readonly precompiled: readonly string[];
  /** Files that name `__DATE__`, `__TIME__` or `__TIMESTAMP__`. */
  readonly clockFiles: readonly string[];
  /** False: something was beyond this scanner; ask the compiler. */
  readonly complete: boolean;
}
