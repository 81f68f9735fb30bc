/** One place where the sandbox's answer differs from the real one. */
export interface Difference {
  /** JSON pointer into the answer. It ends in `#` if two lists differ in length. */
  readonly path: string;
  readonly real: unknown;
  readonly sandbox: unknown;
}

/** Where two comparable answers differ. An absent value is `undefined`. The order of managers does not count. */
export function differences(real: unknown, sandbox: unknown, path = ""): Difference[] {
  if (path.endsWith("/managedFields") && Array.isArray(real) && Array.isArray(sandbox)) {
    return differences(real.toSorted(byText), sandbox.toSorted(byText), `${path}/`);
  }
  if (Array.isArray(real) && Array.isArray(sandbox)) {
    return real.length === sandbox.length
      ? real.flatMap((item, index) =>
          differences(item, sandbox[index], `${path.replace(/\/$/, "")}/${index}`),
        )
      : [{ path: `${path}#`, real, sandbox }];
  }
  if (isObject(real) && isObject(sandbox)) {
    const fields = [...new Set([...Object.keys(real), ...Object.keys(sandbox)])];
    return fields.flatMap((field) => differences(real[field], sandbox[field], `${path}/${field}`));
  }
  return real === sandbox ? [] : [{ path, real, sandbox }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byText(one: unknown, other: unknown): number {
  const [left, right] = [canonical(one), canonical(other)];
  return left < right ? -1 : Number(left > right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) =>
    isObject(child)
      ? Object.fromEntries(Object.entries(child).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : child,
  );
}
