import { inOneLine } from "./in-one-line.ts";

/** Names the finalizers that hold an object that is being deleted, as the end of a sentence; empty without any. */
export function heldText(finalizers: readonly string[]): string {
  if (finalizers.length === 0) return "";
  const what = finalizers.length === 1 ? "finalizer" : "finalizers";
  return `, and held by the ${what} ${finalizers.map(inOneLine).join(", ")}`;
}
