/**
 * The file that a project is read from with those that it includes, and whether they still are what was read: for those
 * who read it more than once.
 */
import {resolve} from 'node:path';
import type {BuildContext, Load} from '../engine/look.ts';
import {fileStamp} from '../frontends/ninja/file-stamp.ts';
import type {Project} from '../frontends/project.ts';
import {identityOf, statOrAbsent} from '../graph/file-facts.ts';

export class DescriptionFile {
  readonly file: string;
  readonly load: Load;
  readonly #readAs = new WeakMap<Project, string>();

  constructor({location}: BuildContext, load: Load) {
    const {kind, directory, description} = location;
    this.file = kind === 'commands' ? resolve(description) : resolve(directory, description);
    this.load = () => {
      const stat = this.#stat();
      const project = load();
      this.#readAs.set(project, stat);
      return project;
    };
  }

  /** Absolute paths, the file's own first. */
  all(project: Project): string[] {
    return [this.file, ...project.included.map(({file}) => file)];
  }

  /** Prereq: the project was read by {@link load}. */
  isOutdated(project: Project): boolean {
    const isIncludedAnew = project.included.some(({file, stamp}) => fileStamp(file) !== stamp);
    return isIncludedAnew || this.#readAs.get(project) !== this.#stat();
  }

  #stat(): string {
    const facts = statOrAbsent(this.file);
    return facts === undefined ? '' : identityOf(facts);
  }
}
