/** Whether a preset of CMake's may be used here: its `condition`. */

type Fields = Readonly<Record<string, unknown>>;

/** `expand` gives undefined for a text that has no value. Undefined for a condition that is not known. */
export function holds(condition: unknown, expand: (text: string) => string | undefined): boolean | undefined {
  if (typeof condition === 'boolean') return condition;
  if (typeof condition !== 'object' || condition === null) return undefined;
  const fields = condition as Fields;
  const text = (name: string) => {
    const value = fields[name];
    return typeof value === 'string' ? expand(value) : undefined;
  };
  const negated = (value: boolean | undefined) => (value === undefined ? undefined : !value);
  switch (fields.type) {
    case 'const':
      return typeof fields.value === 'boolean' ? fields.value : undefined;
    case 'equals':
      return isEqual(text('lhs'), text('rhs'));
    case 'notEquals':
      return negated(isEqual(text('lhs'), text('rhs')));
    case 'inList':
      return isIn(text('string'), fields.list, expand);
    case 'notInList':
      return negated(isIn(text('string'), fields.list, expand));
    case 'matches':
      return matches(text('string'), text('regex'));
    case 'notMatches':
      return negated(matches(text('string'), text('regex')));
    case 'anyOf':
      return firstOf(fields.conditions, true, each => holds(each, expand));
    case 'allOf':
      return firstOf(fields.conditions, false, each => holds(each, expand));
    case 'not':
      return negated(holds(fields.condition, expand));
    default:
      return undefined;
  }
}

function isEqual(one: string | undefined, other: string | undefined): boolean | undefined {
  return one === undefined || other === undefined ? undefined : one === other;
}

function isIn(
  text: string | undefined,
  list: unknown,
  expand: (text: string) => string | undefined,
): boolean | undefined {
  return firstOf(list, true, each => isEqual(text, typeof each === 'string' ? expand(each) : undefined));
}

/** CMake's regular expressions are a part of JavaScript's. */
function matches(text: string | undefined, regex: string | undefined): boolean | undefined {
  if (text === undefined || regex === undefined) return undefined;
  try {
    return new RegExp(regex).test(text);
  } catch {
    return undefined;
  }
}

/** `wanted` as soon as one of the list is that, or what is not known as soon as that is met; the contrary at the end. */
function firstOf(
  list: unknown,
  wanted: boolean,
  judge: (each: unknown) => boolean | undefined,
): boolean | undefined {
  if (!Array.isArray(list)) return undefined;
  for (const each of list) {
    const value = judge(each);
    if (value === undefined || value === wanted) return value;
  }
  return !wanted;
}
