import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { programPath } from "../program.ts";

describe("npm start", () => {
  it("shows the whole setup, the secret without its password, and that a second run changes nothing", () => {
    const rehearsal = join(dirname(programPath), "rehearsal.js");
    const args = [programPath, "sandbox", "--", process.execPath, rehearsal];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", input: "" });
    expect(status).toBe(0);
    expect(stdout).toContain("$ acr-pull setup --registry myregistry --namespace awesomeapps --yes\n");
    expect(stdout).toContain('"type": "kubernetes.io/dockerconfigjson"');
    expect(stdout).toContain('"password": "********"');
    expect(stdout).not.toContain('"auth":');
    expect(stdout).toContain("imagePullSecrets:");
    const [first = "", second = ""] = stdout.split("The same command again");
    expect(first).toMatch(/secret acr-secret +created/);
    expect(second).toMatch(/secret acr-secret +unchanged/);
    expect(second).not.toContain("created");
  });
});
