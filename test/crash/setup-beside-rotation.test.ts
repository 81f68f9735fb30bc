import { describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, livePasswords, rotate, secretOf, setup } from "../program.ts";

describe("setup for another namespace while rotate is at work", () => {
  it("waits, and brings the new key there, so that none is left with one that is retired", async () => {
    const sandbox = await startSandbox({ checkInvariants: true });
    try {
      const first = await setup(sandbox, ["-n", "awesomeapps"]);
      expect(first.code, first.stderr).toBe(0);
      sandbox.invariants.watch();
      let beside: ReturnType<typeof setup> | undefined;
      let arrived: () => void = () => {};
      const looking = new Promise<void>((resolve) => (arrived = resolve));
      sandbox.observe(async (phase, { method, path }) => {
        // The new key exists, and no secret holds it yet.
        if (phase === "committed" && path.endsWith("/addPassword")) {
          beside = setup(sandbox, ["-n", "default"]);
          await looking;
        }
        if (
          phase === "answered" &&
          method === "GET" &&
          path.endsWith("/namespaces/default/secrets/acr-secret")
        )
          arrived();
      });
      const rotation = await rotate(sandbox, [
        "--compromised",
        "-n",
        "awesomeapps",
        "-n",
        "default",
        "--settle",
        "0s",
      ]);
      expect(rotation.code, rotation.stderr).toBe(0);
      const copied = await beside;
      expect(copied?.code, copied?.stderr).toBe(0);
      expect(copied?.stderr).toContain(
        "Waiting for another run to finish with sandbox/awesomeapps/acr-secret",
      );
      const [key, ...more] = livePasswords(sandbox);
      expect(more).toEqual([]);
      expect(secretOf(sandbox, "default")).toBeDefined();
      for (const namespace of ["awesomeapps", "default"]) {
        expect(entryOf(sandbox, "myregistry", namespace)?.password).toBe(key?.secretText);
      }
      expect(sandbox.violations).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });
});
