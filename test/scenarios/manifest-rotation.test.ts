import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretsIn } from "../canary.ts";
import { documentsIn, sealWith, sync, unsealed } from "../gitops/reconciler.ts";
import { runProgram, secretOf, setup } from "../program.ts";
import { heldKeys, keyIds, markOf, rotate, rotation, signsIn, start } from "./rotation.ts";

/** A Git repository with a manifest, and a cluster to which a reconciler applies what was committed. */
async function repository(test: TestContext, sealed: boolean) {
  const sandbox = await start(test);
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-repository-"));
  test.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const repo = join(folder, "repo");
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      encoding: "utf8",
    });
  git("init", "-q", repo);
  const manifest = join(repo, "pull");
  const how = ["--manifest", `${manifest}/`, ...(sealed ? ["--seal-with", sealWith] : [])];
  /** Commits everything and lets the reconciler apply it. The reconciler does not see what is not committed. */
  const deliver = async () => {
    git("-C", repo, "add", "-A");
    git("-C", repo, "commit", "-q", "-m", "pull");
    const clone = join(folder, "clone");
    await rm(clone, { recursive: true, force: true });
    git("clone", "-q", repo, clone);
    await sync(sandbox, join(clone, "pull"));
  };
  return {
    sandbox,
    manifest,
    how,
    deliver,
    /** Lets the grace period in the manifest pass, and delivers that. */
    async endGrace() {
      for (const name of await readdir(manifest)) {
        const text = await readFile(join(manifest, name), "utf8");
        const past = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "");
        await writeFile(join(manifest, name), text.replaceAll(/("after":")[^"]+/g, `$1${past}`));
      }
      await deliver();
    },
    isClean: () => git("-C", repo, "status", "--porcelain") === "",
  };
}

const namespaces = ["-n", "awesomeapps", "-n", "default"];

function passwordsIn(sandbox: Sandbox, manifest: string) {
  const { loginServer = "" } = sandbox.world.registries[0] ?? {};
  return documentsIn(manifest)
    .map(unsealed)
    .map(({ data }) => {
      const { auths } = JSON.parse(Buffer.from(data[".dockerconfigjson"], "base64").toString("utf8"));
      const keyOf = (host: string) =>
        sandbox.world.applications
          .flatMap(({ passwords }) => passwords)
          .find(({ secretText }) => secretText === auths[host]?.password)?.keyId;
      return { plain: keyOf(loginServer), https: keyOf(`https://${loginServer}`) };
    });
}

describe.concurrent.each([
  ["readable", false],
  ["sealed", true],
])("rotate with a %s manifest", (_name, sealed) => {
  it("goes through a Git repository, step by step, and no pull fails", async (test) => {
    const { sandbox, manifest, how, deliver, ...repo } = await repository(test, sealed);
    const made = await setup(sandbox, [...namespaces, ...how]);
    expect(made.code, made.stderr).toBe(0);
    await deliver();
    const old = made.json.credentials[0].keyId;
    expect(heldKeys(sandbox)).toEqual({ plain: old, https: undefined });

    // Both keys are in the documents. The cluster has only the old one.
    const begun = await rotation(sandbox, how);
    expect([begun.state, begun.replaced, begun.retired]).toEqual(["pending", old, false]);
    expect(begun.json.manifest).toBe(`${manifest}/`);
    const both = { plain: begun.keyId, https: old };
    expect(passwordsIn(sandbox, manifest)).toEqual([both, both]);
    expect(heldKeys(sandbox)).toEqual({ plain: old, https: undefined });

    // Nothing continues before the cluster holds both.
    const early = await rotate(sandbox, ["--finish", ...how]);
    expect(early.json.rotations?.[0]?.retired ?? false).toBe(false);
    expect(keyIds(sandbox)).toEqual([old, begun.keyId]);
    await deliver();
    expect([heldKeys(sandbox), heldKeys(sandbox, "default")]).toEqual([both, both]);
    const waiting = await rotation(sandbox, ["--finish", ...how]);
    expect([waiting.state, waiting.retired]).toEqual(["pending", false]);
    expect(repo.isClean()).toBe(true);

    // The documents lose the old key. It is not retired while the cluster holds it.
    await repo.endGrace();
    const cleaned = await rotation(sandbox, ["--finish", ...how]);
    expect([cleaned.state, cleaned.retired, cleaned.retireBlocked]).toEqual([
      "pending",
      false,
      "not-applied",
    ]);
    const only = { plain: begun.keyId, https: undefined };
    expect(passwordsIn(sandbox, manifest)).toEqual([only, only]);
    expect([heldKeys(sandbox), signsIn(sandbox, old)]).toEqual([both, true]);
    const again = await rotate(sandbox, ["--finish", ...how]);
    expect([again.code === 0, again.json.error?.code]).toEqual([false, "rotate.not-applied"]);
    expect(signsIn(sandbox, old)).toBe(true);

    await deliver();
    const finished = await rotation(sandbox, ["--finish", ...how]);
    expect([finished.state, finished.retired]).toEqual(["rotated", true]);
    expect([keyIds(sandbox), signsIn(sandbox, old)]).toEqual([[begun.keyId], false]);
    await deliver();
    expect([heldKeys(sandbox), markOf(sandbox).retire]).toEqual([only, undefined]);

    // Everything is in order again.
    expect((await rotation(sandbox, ["--if-due", ...how])).state).toBe("unchanged");
    expect((await setup(sandbox, [...namespaces, ...how])).json.credentials[0].action).toBe("unchanged");
    expect(repo.isClean()).toBe(true);
    if (!sealed) return;
    for (const name of await readdir(manifest)) {
      expect(secretsIn(await readFile(join(manifest, name), "utf8"), sandbox)).toEqual([]);
    }
  });
});

describe.concurrent("status of what a controller applies", () => {
  it("is in order while its key lives", async (test) => {
    const { sandbox, how, deliver } = await repository(test, true);
    await setup(sandbox, [...namespaces, ...how]);
    await deliver();
    const run = await runProgram(sandbox, ["status", "-o", "json"]);
    expect(run.code, run.stdout).toBe(0);
    expect(run.json.entries).toMatchObject([
      { state: "ok", appliedBy: "Argo CD" },
      { state: "ok", appliedBy: "Argo CD" },
    ]);
  });
});

describe.concurrent("rotate with a manifest", () => {
  it("begins nothing while a secret of the cluster holds the key and no document makes it", async (test) => {
    const { sandbox, how, deliver } = await repository(test, false);
    await setup(sandbox, ["-n", "default"]);
    await setup(sandbox, ["-n", "awesomeapps", ...how]);
    await deliver();
    const run = await rotate(sandbox, how);
    expect([run.code, run.json.error.code]).toEqual([2, "rotate.holder-unwritable"]);
    expect(run.json.error.message).toContain("default/acr-secret");
    expect(run.json.error.hint).toContain("setup --manifest");
    expect(keyIds(sandbox)).toHaveLength(1);
  });

  it("says to add a secret that the controller applies from elsewhere, and not that it is in the manifest", async (test) => {
    const { sandbox, how, deliver } = await repository(test, false);
    await setup(sandbox, ["-n", "default"]);
    await setup(sandbox, ["-n", "awesomeapps", ...how]);
    await deliver();
    const { metadata } = secretOf(sandbox, "default")!;
    metadata.labels = { ...metadata.labels, "argocd.argoproj.io/instance": "elsewhere" };
    const run = await rotate(sandbox, how);
    expect([run.code, run.json.error.code]).toEqual([2, "rotate.holder-unwritable"]);
    expect(run.json.error.message).toContain("The cluster's secret default/acr-secret holds the key, but");
    expect(run.json.error.hint).toContain("setup --manifest … -n default --secret-name acr-secret");
    expect(run.json.error.hint).not.toContain("--adopt");
  });

  it("begins nothing before the cluster holds what was written", async (test) => {
    const { sandbox, how, deliver } = await repository(test, true);
    await setup(sandbox, ["-n", "awesomeapps", ...how]);
    const run = await rotate(sandbox, how);
    expect(run.json.error).toMatchObject({ code: "rotate.not-applied", retryable: true });
    expect(keyIds(sandbox)).toHaveLength(1);
    await deliver();
  });

  it.each([[["--manifest", "-"], "usage.invalid-value"]])("refuses %j", async (args, code) => {
    const run = await runProgram(undefined, ["rotate", "-y", "-o", "json", ...args]);
    expect([run.code, run.json.error.code]).toEqual([2, code]);
  });
});
