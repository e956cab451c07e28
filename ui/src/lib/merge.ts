/** `changed` over `known`, matched by key; what is new goes to the end. */
export function mergeBy<T>(known: readonly T[], changed: readonly T[], key: (item: T) => string | number): T[] {
  const byKey = new Map(known.map((item) => [key(item), item]));
  for (const item of changed) byKey.set(key(item), item);
  return [...byKey.values()];
}

/** Both lists in turn, each item once. */
export function distinct<T>(first: readonly T[], second: readonly T[] = []): T[] {
  return [...new Set([...first, ...second])];
}
