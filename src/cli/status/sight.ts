import type { StatusResult } from "../../core/status/contract.ts";
import { alike, several } from "../show/folding.ts";
import { signedLines } from "../show/lines.ts";
import { toned, type Line } from "../show/terminal.ts";

/** Which namespaces were looked at, if not all of them. An incomplete answer says so. */
export function scopeLines({ scopes }: StatusResult, width: number): Line[] {
  return scopes
    .filter(({ whole }) => !whole)
    .map(
      ({ context, namespaces }) =>
        `Secrets may not be listed cluster-wide in ${context}; looked at ${listed(namespaces)}.`,
    )
    .flatMap((text) => signedLines(toned("warning", "!"), text, width));
}

/** What could not be looked at. */
export function unseenLines({ unseen }: StatusResult, width: number): Line[] {
  // A cluster may have thousands of unreadable namespaces. They take one line for each reason.
  const groups = alike(unseen, ({ context, namespace, error }) =>
    JSON.stringify(namespace === null ? [context] : [context, error.code]),
  );
  const missed = groups.map((group) => {
    const [{ context, namespace, error }] = group;
    const place = namespace === null ? context : `${context}/${namespace}`;
    if (group.length === 1) return `Could not look at ${place}: ${error.message}`;
    const names = several(group.map((one) => one.namespace ?? ""));
    return `Could not look at ${group.length} namespaces of ${context}: ${names}. For ${place}: ${error.message}`;
  });
  return missed.flatMap((text) => signedLines(toned("warning", "!"), text, width));
}

function listed(namespaces: readonly string[]): string {
  if (namespaces.length === 0) return "none of its namespaces";
  if (namespaces.length === 1) return `only the namespace ${namespaces[0]}`;
  return `${namespaces.length} namespaces one by one: ${several(namespaces)}`;
}
