import { isDeepStrictEqual } from "node:util";
import type { RotatableKey } from "../../core/rotate/contract.ts";
import type { Texts } from "../ask/question.ts";

/** Whether a key is meant by `--registry` and `--namespace`; without them every key is. */
export function isSelected({ loginServer, secrets }: RotatableKey, { registry, namespace }: Texts): boolean {
  const spaces = new Set(secrets.map(namespaceOf));
  return (
    (registry === undefined || registry.includes(loginServer)) &&
    (namespace === undefined || namespace.some((name) => spaces.has(name)))
  );
}

/**
 * The options that mean these keys and none of the others, as few as will do: none for all, else the registry, else
 * namespaces in which no other key is held. Undefined when no options do.
 * @param all among which they were chosen, in the same order
 */
export function selectionOf(
  chosen: readonly RotatableKey[],
  all: readonly RotatableKey[],
): Texts | undefined {
  const registry = [...new Set(chosen.map(({ loginServer }) => loginServer))];
  const ofOneRegistry = registry.length === 1;
  const ways: Texts[] = [
    {},
    ...(ofOneRegistry ? [{ registry }] : []),
    { namespace: tellingNamespaces(chosen, all) },
    ...(ofOneRegistry
      ? [
          {
            registry,
            namespace: tellingNamespaces(
              chosen,
              all.filter((key) => isSelected(key, { registry })),
            ),
          },
        ]
      : []),
  ];
  return ways.find((texts) =>
    isDeepStrictEqual(
      all.filter((key) => isSelected(key, texts)),
      chosen,
    ),
  );
}

/** For each chosen key a namespace in which none of the others is held, where there is one. */
function tellingNamespaces(chosen: readonly RotatableKey[], all: readonly RotatableKey[]): string[] {
  const others = new Set(
    all.filter((key) => !chosen.includes(key)).flatMap(({ secrets }) => secrets.map(namespaceOf)),
  );
  const telling = chosen.flatMap(
    ({ secrets }) => secrets.map(namespaceOf).find((name) => !others.has(name)) ?? [],
  );
  return [...new Set(telling)];
}

function namespaceOf(secret: string): string {
  return secret.split("/")[0] ?? secret;
}
