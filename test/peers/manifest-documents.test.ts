import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documentsOf, documentText, jsonDocuments, objectsOf } from "../../src/manifest/documents.ts";
import { runClient, succeed } from "./clients.ts";
import { lacks } from "./peer.ts";

const secret = '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"b"}}';
const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}';
const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

describe.skipIf(lacks("kubectl"))("the documents of a manifest, and kubectl (needs kubectl)", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "acr-pull-documents-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** With these, kubectl reads a file, and changes it only here, without a server. */
  const words = (file: string, output: string) => [
    "label",
    "--local",
    "--dry-run=client",
    "-o",
    output,
    "-f",
    file,
    "x=y",
  ];

  it.each([
    ["one after the other", "x.json", `${map}\n${secret}\n`],
    ["one after the other, with something else behind", "x.json", `${map}${secret} garbage`],
    ["one after the other, in a YAML file", "x.yaml", `${map}${secret}`],
    ["after a separator, in a JSON file", "x.json", `${map}\n---\n${secret}\n`],
    ["after a separator at the beginning, in a JSON file", "x.json", `---\n${map}\n---\n${secret}\n`],
    ["after a separator with a comment", "x.yaml", `${yaml}--- # b\n${secret}\n`],
    ["after a separator with carriage returns", "x.yaml", `${yaml}---\r\n${secret}\r\n`],
    ["after an end marker", "x.yaml", `${yaml}...\n---\n${secret}\n`],
    ["after a byte order mark", "x.yaml", `\uFEFF---\n${yaml}---\n${secret}\n`],
    [
      "as YAML after JSON",
      "x.yaml",
      `${map}\n---\n${yaml.replace("ConfigMap", "Secret").replace("a}", "b}")}`,
    ],
  ])("are the same %s", async (_how, name, text) => {
    const file = join(folder, name);
    await writeFile(file, text);
    const { stdout } = await runClient("kubectl", words(file, "name"), { KUBECONFIG: "/dev/null" });
    const documents = name.endsWith(".json") ? jsonDocuments(text) : documentsOf(text);
    expect(documents.map((one) => one.text).join("")).toBe(text);
    const objects = documents.flatMap(objectsOf).map(({ value }) => String(value?.["kind"]).toLowerCase());
    expect(objects).toEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replace(/\/.*/, "")),
    );
  });

  it("hold every text as it was written", async () => {
    const special = [
      "2026_01",
      "1_0.5",
      "+1_0",
      "0o17",
      "0x1F",
      "0b11",
      "1e3",
      ".inf",
      "12:30",
      "2026-01-02",
      "2026-01-02T03:04:05Z",
      "yes",
      "on",
      "~",
      "=",
    ];
    const strange = [
      "<<",
      "- a",
      "a: b",
      "#c",
      " c",
      "c ",
      "\t",
      "\r\n",
      "---",
      "...",
      "\u0085",
      "\uFEFF",
      "é😀",
      "%",
      "'\"",
    ];
    const spec = Object.fromEntries([...special, ...strange].map((text) => [text, text]));
    const file = join(folder, "x.yaml");
    await writeFile(file, documentText({ apiVersion: "x.y/v1", kind: "Any", metadata: { name: "a" }, spec }));
    const read = await succeed("kubectl", words(file, "json"), { KUBECONFIG: "/dev/null" });
    expect(JSON.parse(read).spec).toEqual(spec);
  });

  it("hold a date without quotes as the text that it is", async () => {
    const text = `${yaml}data: {day: 2026-01-02, time: 2026-01-02 03:04:05 +1, at: 2026-1-2T3:04:05.5Z}\n`;
    const file = join(folder, "x.yaml");
    await writeFile(file, text);
    const read = await succeed("kubectl", words(file, "json"), { KUBECONFIG: "/dev/null" });
    expect(documentsOf(text)[0]?.value?.["data"]).toEqual(JSON.parse(read).data);
  });
});
