/** Macros in the texts of CMake's presets: `$NAMESPACE{NAME}`. */

export interface Macro {
  /** Empty for `${NAME}`. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * `text` with the values of its macros; undefined where one has none, or is not closed. A dollar sign before anything
 * else means itself.
 */
export function expand(text: string, lookUp: (macro: Macro) => string | undefined): string | undefined {
  let isWhole = true;
  const expanded = text.replace(
    /\$([A-Za-z_]*)\{([^}]*)(\}?)/g,
    (_, namespace: string, name: string, end: string) => {
      const value = end === '' ? undefined : lookUp({namespace, name});
      isWhole &&= value !== undefined;
      return value ?? '';
    },
  );
  return isWhole ? expanded : undefined;
}
