import { inOneLine } from "./in-one-line.ts";

/** By what an object is held that is being deleted, as the end of a sentence about it; nothing where nothing holds it. */
export function heldText(finalizers: readonly string[]): string {
  if (finalizers.length === 0) return "";
  const what = finalizers.length === 1 ? "finalizer" : "finalizers";
  return `, and held by the ${what} ${finalizers.map(inOneLine).join(", ")}`;
}
