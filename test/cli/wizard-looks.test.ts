import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { flags, lookOf, question, walk, type Answers } from "./scripted-wizard.ts";

describe("while a question is read, a wizard", () => {
  const chain = [question("a"), question("b", { dependsOn: ["a"] }), question("c", { dependsOn: ["b"] })];

  it("looks up what the later ones show, as far as it can be expected", async () => {
    let looksAtAnswer: readonly string[] = [];
    const looks: string[] = [];
    const watched = chain.map((one) => ({
      ...one,
      async look(answers: Answers) {
        looks.push(lookOf(one, answers));
        return "";
      },
    }));
    const [first, ...others] = watched;
    const a = {
      ...question("a"),
      ...first,
      async ask() {
        while (looks.length < 3) await nextTurn();
        looksAtAnswer = [...looks];
        return { kind: "answer", value: { a: ["usual"] } } as const;
      },
    };
    await walk([a, ...others], "b: usual, c: 1");
    expect(looksAtAnswer).toEqual(["a", "b of a=usual", "c of b=usual"]);
  });

  it("looks each thing up once when all is answered as expected", async () => {
    const { looks } = await walk(chain, "a: usual, b: usual, c: usual");
    expect(looks).toEqual(["a", "b of a=usual", "c of b=usual"]);
  });

  it("looks up anew what an answer changes, and that alone", async () => {
    const { looks } = await walk([...chain, question("d")], "a: 1, b: usual, c: 1, d: 1");
    expect(looks.filter((look) => look === "d")).toHaveLength(1);
    expect(looks.filter((look) => look.startsWith("b"))).toEqual(["b of a=usual", "b of a=1"]);
    expect(looks.filter((look) => look.startsWith("c"))).toEqual(["c of b=usual"]);
  });

  it("expects the answers that were given before, once there are any", async () => {
    const { looks } = await walk([...chain, question("d")], "a: 1, b: 1, c: 1, d: change a, a: 1, d: 1");
    expect(looks.filter((look) => look !== "d")).toEqual([
      "a",
      "b of a=usual",
      "c of b=usual",
      "b of a=1",
      "c of b=1",
    ]);
  });

  it("looks again at what a person left by Back, who may have mended it meanwhile", async () => {
    const { looks } = await walk(chain, "a: usual, b: usual, c: back, b: usual, c: usual");
    expect(looks).toEqual(["a", "b of a=usual", "c of b=usual", "c of b=usual"]);
  });

  it("looks up nothing by what cannot be expected", async () => {
    const open = question("a", { expect: () => undefined });
    const { looks } = await walk([open, ...chain.slice(1)], "a: 1, b: usual, c: 1");
    expect(looks).toEqual(["a", "b of a=1", "c of b=usual"]);
  });

  it("expects no answer where there will be nothing to ask", async () => {
    const closed = question("b", { dependsOn: ["a"], isOpen: () => false });
    const { looks } = await walk(
      [question("a"), closed, question("c", { dependsOn: ["b"] })],
      "a: usual, c: 1",
    );
    expect(looks).toEqual(["a", "b of a=usual", "c of b="]);
  });

  it("looks up nothing for what flags settle or what does not apply", async () => {
    const off = question("off", { applies: () => false });
    const { looks } = await walk([...chain, off], "a: 1, c: 1", flags({ b: "x" }));
    expect(looks).toEqual(["a", "c of b=x"]);
  });

  it("leaves what is to be fetched late until the question right before it is on the screen", async () => {
    const late = question("late", { fetched: "soon" });
    const all = [question("a"), question("b"), late];
    const far = await walk(all, "a: fail, failed: again, a: 1, b: fail, failed: again, b: 1, late: 1");
    expect(far.looks).toEqual(["a", "b", "a", "late", "b"]);
    // If nothing is asked between the two, the first comes right before the last.
    const next = await walk(all, "a: fail, failed: again, a: 1, late: 1", flags({ b: "x" }));
    expect(next.looks).toEqual(["a", "late", "a"]);
  });

  it("goes on looking by the flag while another answer is thought about", async () => {
    const all = [...chain.slice(0, 2), question("review", { dependsOn: ["a", "b"] })];
    const { looks } = await walk(
      all,
      "review: change a, a: back, review: yes",
      flags({ a: "flag", b: "flag" }),
    );
    expect(looks).toEqual(["review of a=flag b=flag", "a"]);
  });
});

describe("a look", () => {
  it("for an answer that turned out otherwise is given up", async () => {
    const signals: AbortSignal[] = [];
    const b = question("b", {
      dependsOn: ["a"],
      async look(_answers, signal) {
        signals.push(signal);
        return "";
      },
    });
    await walk([question("a"), b], "a: other, b: 1");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it("that failed ahead is made again when its question comes, and told only then", async () => {
    let looks = 0;
    const b = question("b", {
      look: () => Promise.reject(new Error(`no network, look ${++looks}`)),
    });
    await expect(walk([question("a"), b], "a: 1, failed: stop")).rejects.toThrow("no network, look 2");
  });

  it("that fails for a question which is never reached disturbs nobody", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listener);
    try {
      const b = question("b", {
        dependsOn: ["a"],
        applies: ({ a }) => a === "usual",
        look: () => Promise.reject(new Error("no network")),
      });
      const c = question("c", { dependsOn: ["b"], applies: ({ a }) => a === "usual" });
      expect((await walk([question("a"), b, c], "a: 1")).given).toEqual({ a: "1" });
      await nextTurn();
    } finally {
      process.off("unhandledRejection", listener);
    }
    expect(unhandled).toEqual([]);
  });

  it("by an expectation that comes late does not replace the one by the answer", async () => {
    let finish: () => void = () => {};
    const b = question("b", {
      dependsOn: ["a"],
      // With the expected answer of a, this look lasts until c is on the screen.
      look: ({ a }) =>
        a === "usual" ? new Promise((resolve) => (finish = () => resolve(""))) : Promise.resolve(""),
    });
    const looks: string[] = [];
    const c = question("c", {
      dependsOn: ["a", "b"],
      async look(answers, signal) {
        looks.push(lookOf(c, answers));
        finish();
        await nextTurn();
        await nextTurn();
        signal.throwIfAborted();
        return "";
      },
    });
    expect((await walk([question("a"), b, c], "a: 1, b: usual, c: 1")).given).toEqual({
      a: "1",
      b: "usual",
      c: "1",
    });
    expect(looks).toEqual(["c of a=1 b=usual"]);
  });
});
