import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { State } from "../../src/domain/state.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { documentsIn, sealWith, unsealed } from "../gitops/reconciler.ts";
import { liveAssignments, livePasswords } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { Engine } from "./drive.ts";

let sandbox: Sandbox;
let engine: Engine;
let folder: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(tmpdir(), "acr-pull-documents-"));
  engine = new Engine(sandbox);
});
afterEach(async () => {
  engine.end();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

const both = ["awesomeapps", "default"];
const loginServer = () => sandbox.world.registries[0]?.loginServer.replace(":", "-");
const statePath = () => join(folder, `acr-pull.${loginServer()}.state`);
const state = () => JSON.parse(readFileSync(statePath(), "utf8")) as State;
const ids = () => livePasswords(sandbox).map(({ keyId }) => keyId);
const files = async () => (await readdir(folder)).toSorted();

/** Every entry that the documents make, by its namespace. */
function entries() {
  return documentsIn(folder)
    .map(unsealed)
    .map(({ metadata, data }) => {
      const { auths } = JSON.parse(Buffer.from(data[".dockerconfigjson"], "base64").toString("utf8")) as {
        auths: Record<string, { password: string }>;
      };
      return {
        namespace: metadata.namespace as string,
        hosts: Object.keys(auths),
        ...Object.values(auths)[0],
      };
    });
}

/** Each document holds the current key alone, and the cluster was not written. */
function expectOrder(namespaces: readonly string[]): void {
  const { id } = state().keys.find(({ current }) => current) ?? {};
  const current = livePasswords(sandbox).find(({ keyId }) => keyId === id)?.secretText;
  expect(current).toBeDefined();
  expect(entries().map(({ namespace }) => namespace)).toEqual(namespaces);
  expect(entries().map(({ password }) => password)).toEqual(namespaces.map(() => current));
  expect(entries().map(({ hosts }) => hosts.length)).toEqual(namespaces.map(() => 1));
  expect(
    state()
      .targets.map(({ namespace }) => namespace)
      .sort(),
  ).toEqual(namespaces);
  const written = sandbox.requests.entries.filter(
    ({ mutating, path }) => mutating && path.startsWith("/api/"),
  );
  expect(written).toEqual([]);
}

describe.each([
  ["plain", undefined],
  ["sealed", sealWith],
])("%s documents", (kind, seal) => {
  const how = () => ({ manifest: { path: folder, ...(seal !== undefined && { seal }) } });

  it("are made with their state, after eight proofs, and nothing is written again", async () => {
    const run = await engine.setup(both, {}, how());
    expect(run.code, run.lines.join("\n")).toBe(0);
    expectOrder(both);
    expect(run.told.join("\n")).toContain("7 of 8 in a row");
    expect((await files()).filter((name) => name.endsWith(".state"))).toHaveLength(1);
    const texts = async () =>
      Promise.all((await files()).map((name) => readFile(join(folder, name), "utf8")));
    const before = await texts();
    expect((await engine.setup(both, {}, how())).lines).toEqual([]);
    expect(await texts()).toEqual(before);
    for (const text of before.filter(() => seal !== undefined))
      expect(text).not.toContain(livePasswords(sandbox)[0]?.secretText);
  });

  it("are not written in a dry run", async () => {
    const run = await engine.setup(both, {}, { ...how(), dryRun: true });
    expect(run.lines.join("\n")).toContain("create password");
    expect([await files(), livePasswords(sandbox)]).toEqual([[], []]);
  });

  it("get another one with the same password, or all a new one if nobody can read that back", async () => {
    await engine.setup(["awesomeapps"], {}, how());
    const first = ids();
    const run = await engine.setup(["default"], {}, how());
    expect(run.code, run.lines.join("\n")).toBe(0);
    expectOrder(both);
    expect(ids()).toHaveLength(kind === "plain" ? 1 : 2);
    expect(ids(), "what may be applied somewhere stays").toContain(first[0]);
  });

  it("keep the old password alive until a person says that the new one is applied", async () => {
    await engine.setup(both, {}, how());
    const old = ids();
    const run = await engine.rotate({}, how());
    expect(run.code, run.lines.join("\n")).toBe(0);
    expectOrder(both);
    engine.clock.advance(3 * 24 * 3_600_000);
    expect((await engine.rotate({ mode: "if due" }, how())).lines).toEqual([]);
    expect(ids()).toContain(old[0]);
    const finish = await engine.rotate({ mode: "finish" }, how());
    expect(finish.code, finish.lines.join("\n")).toBe(0);
    expect(ids()).toHaveLength(1);
    expectOrder(both);
  });

  it("are all written before a leaked password goes, which the next command does", async () => {
    await engine.setup(both, {}, how());
    const leaked = ids();
    const run = await engine.rotate({ mode: "compromised" }, how());
    expect([run.code, run.outcome?.error?.code]).toEqual([4, "rotate.not-applied"]);
    expect(run.outcome?.error?.hint).toContain(`acr-pull rotate --finish --registry`);
    expect(run.outcome?.error?.hint).toContain(`--manifest ${folder}`);
    expectOrder(both);
    expect(ids()).toContain(leaked[0]);
    expect((await engine.rotate({ mode: "if due" }, how())).code, "and says so until then").toBe(4);
    const finish = await engine.rotate({ mode: "finish" }, how());
    expect(finish.code, finish.lines.join("\n")).toBe(0);
    expect(ids()).toHaveLength(1);
    expect(ids()).not.toContain(leaked[0]);
    expectOrder(both);
  });

  it.each(["the state", "the state and the documents"])(
    "get no key while Entra has one that is unknown because somebody reverted %s",
    async (what) => {
      await engine.setup(both, {}, how());
      const reverted =
        what === "the state" ? [statePath()] : (await files()).map((name) => join(folder, name));
      const before = await Promise.all(reverted.map((path) => readFile(path, "utf8")));
      const [known] = ids();
      await engine.rotate({}, how());
      await Promise.all(reverted.map((path, index) => writeFile(path, before[index] ?? "")));
      const stray = ids().find((id) => id !== known) ?? "";
      for (const run of [
        await engine.rotate({}, how()),
        await engine.rotate({ mode: "compromised" }, how()),
      ]) {
        expect(run).toMatchObject({ code: 4, error: { code: "state.stray-key" } });
        expect(run.lines.join("\n")).toContain(stray);
      }
      expect(ids()).toHaveLength(2);
      const forced = await engine.rotate({ force: true }, how());
      expect(forced.code, forced.lines.join("\n")).toBe(0);
      expect(ids()).not.toContain(stray);
      expect((await engine.setup(both, {}, how())).code).toBe(0);
      expectOrder(both);
    },
  );

  it("of which one was reverted are written before the old password goes, with the next word for it", async () => {
    await engine.setup(both, {}, how());
    const path = join(folder, "default-acr-secret.yaml");
    const before = await readFile(path, "utf8");
    const old = ids();
    await engine.rotate({}, how());
    await writeFile(path, before);
    const run = await engine.rotate({ mode: "finish" }, how());
    expect([run.code, run.outcome?.error?.code], run.lines.join("\n")).toEqual([4, "rotate.not-applied"]);
    expectOrder(both);
    expect(ids()).toContain(old[0]);
    const finish = await engine.rotate({ mode: "finish" }, how());
    expect(finish.code, finish.lines.join("\n")).toBe(0);
    expect(ids()).toHaveLength(1);
    expectOrder(both);
  });

  it("go with their state, and setup makes them again", async () => {
    expectDepartures(sandbox);
    await engine.setup(both, {}, how());
    expect((await engine.remove({ targets: [{ namespace: "default" }] }, how())).code).toBe(0);
    expectOrder(["awesomeapps"]);
    const run = await engine.remove({}, how());
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect([await files(), livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], [], []]);
    expect((await engine.setup(both, {}, how())).code).toBe(0);
  });
});

it("plain documents are sealed by the next setup that seals, with the same password", async () => {
  await engine.setup(both, {}, { manifest: { path: folder } });
  const run = await engine.setup(both, {}, { manifest: { path: folder, seal: sealWith } });
  expect(run.code, run.lines.join("\n")).toBe(0);
  expect(documentsIn(folder).map(({ kind }) => kind as string)).toEqual(["SealedSecret", "SealedSecret"]);
  expect(ids()).toHaveLength(1);
  expectOrder(both);
});

describe("documents in one file", () => {
  it("have their state beside the file, and leave what others have in it", async () => {
    const path = join(folder, "pull.yaml");
    await writeFile(path, "# of others\nkind: ConfigMap\n");
    const how = { manifest: { path } };
    expect((await engine.setup(both, {}, how)).code).toBe(0);
    expect(documentsIn(path)).toHaveLength(3);
    expect(await files()).toEqual(["pull.yaml", `pull.yaml.${loginServer()}.state`]);
    expect((await engine.remove({}, how)).code).toBe(0);
    expect(await readFile(path, "utf8")).toBe("# of others\nkind: ConfigMap\n");
    expect(await files()).toEqual(["pull.yaml"]);
  });
});

describe("nothing is made in Azure", () => {
  const nothing = () =>
    sandbox.requests.entries.filter(({ mutating, path }) => mutating && !path.includes("oauth2"));

  it("for a seal that drops labels or annotations: it says which", async () => {
    const drops = join(folder, "..", `drops-${process.pid}.mjs`);
    const kept = "const { name, namespace, labels, annotations } = metadata;";
    const sealer = await readFile(new URL("../gitops/sealer.mjs", import.meta.url), "utf8");
    expect(sealer).toContain(kept);
    const without = sealer
      .replace(kept, "const { name, namespace } = metadata; const [labels, annotations] = [{}, {}];")
      .replace('"js-yaml"', JSON.stringify(import.meta.resolve("js-yaml")));
    await writeFile(drops, without);
    const run = await engine.setup(
      both,
      {},
      { manifest: { path: folder, seal: `${process.execPath} ${drops} k` } },
    );
    await rm(drops);
    expect([run.code, run.outcome?.error?.code], run.lines.join("\n")).toEqual([2, "manifest.marks-sealed"]);
    expect(run.outcome?.error?.message).toContain("annotation acr-pull/expires-at");
    expect(run.outcome?.error?.message).toContain("label acr-pull/managed");
    expect([await files(), nothing()]).toEqual([[], []]);
  });

  it("for a sealed document that the state does not name", async () => {
    const how = { manifest: { path: folder, seal: sealWith } };
    await engine.setup(both, {}, how);
    await rm(statePath());
    const before = nothing().length;
    const run = await engine.setup(both, { adopt: true }, how);
    expect(run).toMatchObject({ code: 2, error: { code: "manifest.sealed" } });
    expect(nothing()).toHaveLength(before);
  });

  it("for a state or a document that is a link to elsewhere", async () => {
    const elsewhere = join(folder, "..", `elsewhere-${process.pid}`);
    await writeFile(elsewhere, "of others\n");
    for (const name of [statePath(), join(folder, "awesomeapps-acr-secret.yaml")]) {
      await symlink(elsewhere, name);
      const run = await engine.setup(both, {}, { manifest: { path: folder } });
      expect(run, name).toMatchObject({ code: 2, error: { code: "manifest.unreadable" } });
      expect((await lstat(name)).isSymbolicLink()).toBe(true);
      await rm(name);
    }
    expect(await readFile(elsewhere, "utf8")).toBe("of others\n");
    await rm(elsewhere);
    expect(nothing()).toEqual([]);
  });
});

it("a file of aliases of aliases is left alone", async () => {
  const laugh = Array.from({ length: 12 }, (_, index) => {
    const before = index === 0 ? "x" : `*a${index - 1}`;
    return `a${index}: &a${index} [${Array(10).fill(before).join(", ")}]`;
  });
  const text = `metadata: {name: acr-secret}\n${laugh.join("\n")}\n`;
  await writeFile(join(folder, "laugh.yaml"), text);
  expect((await engine.setup(both, {}, { manifest: { path: folder } })).code).toBe(0);
  expect(await readFile(join(folder, "laugh.yaml"), "utf8")).toBe(text);
});
