import { describe, expect, it } from "vitest";
import {
  alike,
  apartFrom,
  fixOfAll,
  placesText,
  type Alike,
  type NamespacePlace,
} from "../../../src/cli/show/folding.ts";
import { failedTargetLines, type ShownTarget } from "../../../src/cli/show/lines.ts";
import { planLines } from "../../../src/cli/show/plan-lines.ts";
import type { Line } from "../../../src/cli/show/terminal.ts";

function places(...namespaces: readonly string[]): Alike<NamespacePlace> {
  return namespaces.map((namespace) => ({ context: "kind", namespace })) as unknown as Alike<NamespacePlace>;
}

function text(lines: readonly Line[]): string {
  return lines
    .map((line) =>
      typeof line === "string"
        ? line
        : line.map((one) => (typeof one === "string" ? one : one.text)).join(""),
    )
    .join("\n");
}

describe("what several namespaces have in common", () => {
  it("keeps the order in which the first of each came", () => {
    expect(alike(["b1", "a1", "b2"], ([letter = ""]) => letter)).toEqual([["b1", "b2"], ["a1"]]);
  });

  it("is found whatever namespace each is told of, and not where a name is a part of a word", () => {
    expect(apartFrom("web", "Secret kind/web/web-key in web.")).toBe("Secret kind/*/web-key in *.");
  });

  it("names a few of many", () => {
    expect(placesText(places("a"))).toBe("kind/a");
    expect(placesText(places("a", "b", "a"))).toBe("2 namespaces of kind: a, b");
    expect(placesText(places("a", "b", "c", "d", "e", "f", "g"))).toBe(
      "7 namespaces of kind: a, b, c, d, e and 2 more",
    );
  });
});

describe("what fixes one trouble of several namespaces", () => {
  it.each([
    [
      "a command of acr-pull, for all of them",
      "Write it: acr-pull setup --namespace a --context kind",
      "Write it: acr-pull setup --namespace a --namespace b --context kind",
    ],
    [
      "a command of kubectl, which takes one namespace: an example",
      "kubectl create role acr-pull --namespace a --verb=get",
      "kubectl create role acr-pull --namespace a --verb=get (and the same for the other 1)",
    ],
    [
      "both of them, in which acr-pull runs after kubectl: an example",
      "kubectl delete secret s --namespace a && acr-pull setup --namespace a",
      "kubectl delete secret s --namespace a && acr-pull setup --namespace a (and the same for the other 1)",
    ],
    ["the same for each", "acr-pull rotate --context kind", "acr-pull rotate --context kind"],
  ])("is %s", (_what, fix, all) => {
    expect(fixOfAll(fix, places("a", "b"))).toBe(all);
  });

  it("stays short enough to paste", () => {
    const names = [...Array(30).keys()].map((index) => `n${index}`);
    const fix = fixOfAll("acr-pull setup --namespace n0", places(...names));
    expect(fix.match(/--namespace/g)).toHaveLength(20);
    expect(fix).toMatch(/ --namespace n19 \(and the same for the other 10\)$/);
  });
});

describe("targets that failed", () => {
  const failed = (context: string, namespace: string, message: string): ShownTarget => ({
    context,
    namespace,
    kind: "secret",
    name: "acr-secret",
    action: "failed",
    error: { message, hint: `acr-pull setup --namespace ${namespace} --context ${context}` },
  });

  it("share a reason and a fix where they are of one cluster, and have their own otherwise", () => {
    const targets = [
      failed("kind", "a", "a/acr-secret is not writable."),
      failed("kind", "b", "b/acr-secret is not writable."),
      failed("kind", "c", "c is gone."),
      failed("other", "a", "a/acr-secret is not writable."),
    ];
    expect(text(failedTargetLines(targets, Infinity)).split("\n")).toEqual([
      "✗ 2 namespaces of kind: a, b",
      "  In a: a/acr-secret is not writable.",
      "  fix: acr-pull setup --namespace a --namespace b --context kind",
      "",
      "✗ kind/c: c is gone.",
      "  fix: acr-pull setup --namespace c --context kind",
      "",
      "✗ other/a: a/acr-secret is not writable.",
      "  fix: acr-pull setup --namespace a --context other",
    ]);
  });
});

describe("a plan for many namespaces", () => {
  const names = [...Array(200).keys()].map((index) => `n${index}`);
  const changes = names.map((name) => ({
    target: `secret arn:aws:eks/x/${name}/acr-secret`,
    action: "updated" as const,
    before: { keyId: "c9daafdf" },
    after: { keyId: name === "n7" ? "other" : "new" },
  }));
  const warnings = names.slice(0, 3).map((name) => `arn:aws:eks/x/${name}/acr-secret is odd`);
  const plan = { title: "Plan", changes, warnings };

  it("says once what is the same, and by itself what is not", () => {
    expect(text(planLines(plan)).split("\n")).toEqual([
      "Plan",
      "",
      "  ~ update secret acr-secret in 199 namespaces of arn:aws:eks/x: n0, n1, n2, n3, n4 and 194 more",
      "             key c9daafdf → a new key",
      "  ~ update secret arn:aws:eks/x/n7/acr-secret",
      "             key c9daafdf → key other",
      "",
      "! warning: arn:aws:eks/x/n0/acr-secret is odd (The same in n1, n2.)",
      "",
      "0 to create, 200 to update, 0 to remove. --verbose lists each.",
    ]);
  });

  it("lists each where that is asked for", () => {
    expect(planLines(plan, Infinity, true).length).toBeGreaterThan(400);
    expect(text(planLines(plan, Infinity, true))).not.toContain("--verbose");
  });

  it("lists a few as they are", () => {
    expect(text(planLines({ ...plan, changes: changes.slice(0, 5), warnings: [] }))).toContain(
      "/n4/acr-secret",
    );
  });
});
