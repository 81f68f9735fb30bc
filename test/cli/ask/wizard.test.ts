import { describe, expect, it } from "vitest";
import { flags, question, walk } from "../scripted-wizard.ts";

/** A registry, then a role on it, then a lifetime that depends on nothing, then a review of it all. */
const questions = [
  question("registry"),
  question("role", { dependsOn: ["registry"] }),
  question("lifetime"),
  question("review", {
    subject: undefined,
    options: [],
    settledBy: [],
    dependsOn: ["registry", "role", "lifetime"],
  }),
];
const toReview = "registry: a, role: pull, lifetime: 90d";
const agreed = { registry: "a", role: "pull", lifetime: "90d", review: "yes" };
const consent = question("consent", { dependsOn: ["role"], applies: ({ role }) => role === "owner" });

describe("a wizard", () => {
  it("asks in order, each question with what was answered before it", async () => {
    const { seen, given } = await walk(questions, `${toReview}, review: yes`);
    expect(given).toEqual(agreed);
    expect(seen.map(({ answers }) => answers)).toEqual([
      {},
      { registry: "a" },
      { registry: "a", role: "pull" },
      { registry: "a", role: "pull", lifetime: "90d" },
    ]);
    expect(seen.map(({ data }) => data)).toEqual([
      "registry",
      "role of registry=a",
      "lifetime",
      "review of registry=a role=pull lifetime=90d",
    ]);
  });

  it("does not ask what flags settled", async () => {
    const { given } = await walk(
      questions,
      "registry: a, lifetime: 90d, review: yes",
      flags({ role: "pull" }),
    );
    expect(given).toEqual(agreed);
  });

  it("does not ask what another option settles", async () => {
    const named = question("principal", { settledBy: ["principal", "name"] });
    expect((await walk([named], "", flags({ name: "mine" }))).given).toEqual({ name: "mine" });
  });

  it("does not ask what does not apply by what was answered before", async () => {
    const all = [question("role"), consent];
    expect((await walk(all, "role: pull")).given).toEqual({ role: "pull" });
    expect((await walk(all, "role: owner, consent: yes")).given).toEqual({ role: "owner", consent: "yes" });
  });
});

describe("the way back", () => {
  it("leads from each question to the one asked before it, and from the first nowhere", async () => {
    const back = "review: back, lifetime: back, role: back, registry: back, registry: a, review: yes";
    const { seen } = await walk(questions, `${toReview}, ${back}`);
    expect(seen.filter(({ canGoBack }) => !canGoBack).map(({ id }) => id)).toEqual(Array(3).fill("registry"));
  });

  it("passes over what flags settled and what does not apply", async () => {
    const all = [question("first"), question("flag"), consent, question("last")];
    const { given } = await walk(
      all,
      "first: a, last: back, first: a, last: b",
      flags({ flag: "x", role: "pull" }),
    );
    expect(given).toMatchObject({ first: "a", last: "b" });
  });

  it("shows each question again with the answer it had", async () => {
    const { seen } = await walk(
      questions,
      "registry: a, role: push, lifetime: back, role: back, registry: b, role: push, lifetime: 90d, review: yes",
    );
    expect(seen.map(({ id, previous }) => [id, previous[id]?.[0]])).toEqual([
      ["registry", undefined],
      ["role", undefined],
      ["lifetime", undefined],
      ["role", "push"],
      ["registry", "a"],
      ["role", "push"],
      ["lifetime", undefined],
      ["review", undefined],
    ]);
  });

  it("asks nothing again when the same answer is given", async () => {
    const again = "review: back, lifetime: back, role: back, registry: a, review: yes";
    expect((await walk(questions, `${toReview}, ${again}`)).given).toEqual(agreed);
  });

  it("asks again what depends on an answer that changed, and nothing else", async () => {
    const changed = "review: back, lifetime: back, role: back, registry: b, role: pull, review: yes";
    const { given } = await walk(questions, `${toReview}, ${changed}`);
    expect(given).toEqual({ ...agreed, registry: "b" });
  });

  it("asks again along the whole chain of what depends on what, and no further than it changes", async () => {
    const chain = [
      question("a"),
      question("b", { dependsOn: ["a"] }),
      question("other"),
      question("c", { dependsOn: ["b"] }),
      question("d", { dependsOn: ["c"] }),
    ];
    const before = "a: 1, b: 1, other: 1, c: 1, d: back, c: back, other: back, b: back";
    const all = await walk(chain, `${before}, a: 2, b: 2, c: 2, d: 1`);
    expect(all.given).toEqual({ a: "2", b: "2", other: "1", c: "2", d: "1" });
    const part = await walk(chain, `${before}, a: 2, b: 1, d: 1`);
    expect(part.given).toEqual({ a: "2", b: "1", other: "1", c: "1", d: "1" });
  });

  it("keeps no answer that does not apply any more", async () => {
    const all = [question("role"), consent, question("last")];
    const script = "role: owner, consent: yes, last: back, consent: back, role: pull, last: 1";
    expect((await walk(all, script)).given).toEqual({ role: "pull", last: "1" });
  });
});

describe("a change from a later question", () => {
  it("asks that question and what depends on it, then where it came from", async () => {
    const { seen, given } = await walk(
      questions,
      `${toReview}, review: change registry, registry: b, role: push, review: change lifetime, lifetime: 1d, review: yes`,
    );
    expect(given).toEqual({ registry: "b", role: "push", lifetime: "1d", review: "yes" });
    expect(seen[3]?.changeable).toEqual(["registry", "role", "lifetime"]);
  });

  it("comes back with Back, everything being as it was and nothing looked up anew", async () => {
    const straight = await walk(questions, `${toReview}, review: yes`);
    const { looks, given } = await walk(
      questions,
      `${toReview}, review: change registry, registry: back, review: yes`,
    );
    expect(given).toEqual(agreed);
    expect(looks).toEqual(straight.looks);
  });

  it("wins over the flag, and over what said the same thing another way", async () => {
    const namespaces = question("namespace", { settledBy: ["namespace", "selector"] });
    const review = question("review", { options: [], settledBy: [] });
    const { given, seen } = await walk(
      [namespaces, question("role"), review],
      "review: change namespace, namespace: web, review: change role, role: push, review: yes",
      flags({ selector: "team=web", role: "pull" }),
    );
    expect(given).toEqual({ namespace: "web", role: "push", review: "yes" });
    expect(seen.map(({ previous }) => previous)).toEqual([{}, {}, {}, { role: ["pull"] }, {}]);
  });

  it("to a question that does not exist is a mistake, and does not end the questions", async () => {
    await expect(walk(questions, "registry: change cluster")).rejects.toThrow("cluster");
  });
});

describe("a consent, which is no answer that one changes", () => {
  const consent = question("consent", {
    subject: undefined,
    dependsOn: ["role"],
    applies: ({ role }) => role === "owner",
  });
  const all = [question("role"), consent, question("last")];
  const toLast = "role: owner, consent: yes, last: change role";

  it("holds while what was agreed to stays", async () => {
    const { given } = await walk(all, `${toLast}, role: owner, last: 1`);
    expect(given).toEqual({ role: "owner", consent: "yes", last: "1" });
  });

  it("is asked for once more by who comes back to it from something else", async () => {
    const again = "role: pull, last: change role, role: owner, consent: yes, last: 1";
    expect((await walk(all, `${toLast}, ${again}`)).given).toEqual({
      role: "owner",
      consent: "yes",
      last: "1",
    });
  });
});
