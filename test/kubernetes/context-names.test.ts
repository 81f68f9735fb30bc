import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contextNames } from "../../src/kubernetes/context-names.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";

const { signal } = new AbortController();
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-context-names-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

let count = 0;
async function file(text: string): Promise<string> {
  const path = join(folder, `kubeconfig-${(count += 1)}`);
  await writeFile(path, text);
  return path;
}

const dev = [
  "current-context: dev",
  "contexts:",
  "- {name: dev, context: {cluster: a, user: b, namespace: apps}}",
  "- {name: 7, context: {cluster: a, user: b}}",
  "- {context: {cluster: a, user: b}}",
  "- nonsense",
  "- {name: bare}",
].join("\n");
const prod = [
  "current-context: prod",
  "contexts:",
  "- {name: prod, context: {cluster: a, user: b, namespace: ''}}",
  "- {name: dev, context: {cluster: a, user: b, namespace: other}}",
].join("\n");

describe("the names of contexts", () => {
  it("are those of all files in KUBECONFIG, each from the first that has it", async () => {
    const env = { KUBECONFIG: [await file(dev), join(folder, "absent"), await file(prod)].join(delimiter) };
    expect(await contextNames({ env }, signal)).toEqual([
      { name: "dev", namespace: "apps", isCurrent: true },
      { name: "prod", namespace: undefined, isCurrent: false },
    ]);
  });

  it("are those that a run would find", async () => {
    const sources = [
      dev,
      prod,
      "",
      `${dev}\n---\n${prod}`,
      "contexts: [{name: yes, context: {cluster: a}}, {name: 2026-11-25, context: {cluster: a}}]",
    ];
    for (const text of sources) {
      const path = await file(text);
      const names = await contextNames({ file: path, env: {} }, signal);
      const { contexts, currentContext } = await loadKubeconfig({ file: path, env: {} }, signal);
      expect(names).toEqual(
        contexts.map(({ name, namespace }) => ({ name, namespace, isCurrent: name === currentContext })),
      );
    }
  });

  it("are those of the file that was named alone", async () => {
    const env = { KUBECONFIG: await file(dev) };
    const names = await contextNames({ file: await file(prod), env }, signal);
    expect(names.map(({ name }) => name)).toEqual(["prod", "dev"]);
  });

  it("are looked for below the home when nothing is named", async () => {
    expect(await contextNames({ env: { HOME: folder } }, signal)).toEqual([]);
  });

  it.each([
    ["is no YAML", "contexts: ["],
    ["is no mapping", "- a\n- b"],
    ["is a text", "hello"],
    ["has no list of contexts", "contexts: {name: dev}"],
    ["grows without end", `a: &a [x,x,x,x,x,x,x,x,x]\n${bombs()}contexts: *i\n`],
    ["is binary", "\u0000\u0001\u0002"],
  ])("are none when a file %s, and nothing is thrown", async (_what, text) => {
    expect(await contextNames({ file: await file(text), env: {} }, signal)).toEqual([]);
  });

  it("are none of a folder, and none of a pipe, which is not read", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await contextNames({ file: folder, env: {} }, signal)).toEqual([]);
    expect(await contextNames({ file: pipe, env: {} }, signal)).toEqual([]);
  });
});

/** Lists that each contain the previous one nine times. */
function bombs(): string {
  return Array.from("bcdefghi")
    .map((name) => {
      const before = `*${String.fromCharCode(name.charCodeAt(0) - 1)}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => before).join(",")}]\n`;
    })
    .join("");
}
