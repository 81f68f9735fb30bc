import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { heldKeys, keyIds, markOf } from "./rotation.ts";

/** Everything is as before the rotation: every secret and the directory have only the old key. */
export function expectAsBefore(sandbox: Sandbox, namespaces: readonly string[], old: string): void {
  expect(keyIds(sandbox)).toEqual([old]);
  for (const namespace of namespaces) {
    expect(heldKeys(sandbox, namespace)).toEqual({ plain: old, https: undefined });
    expect(markOf(sandbox, namespace)).toMatchObject({ keyId: old });
    expect(markOf(sandbox, namespace)).not.toHaveProperty("retire");
    expect(markOf(sandbox, namespace)).not.toHaveProperty("pending");
  }
}
