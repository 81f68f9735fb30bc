import { describe, expect, it } from "vitest";
import { both, inSandbox } from "./cut-off.ts";
import { expectOrder, stateIn, type Driven, type Engine } from "./drive.ts";

type Command = readonly [name: string, run: (engine: Engine) => Promise<Driven>];

const commands: readonly Command[] = [
  ["setup of one namespace", (engine) => engine.setup(["awesomeapps"])],
  ["setup of another", (engine) => engine.setup(["default"])],
  ["rotate", (engine) => engine.rotate()],
  ["rotate --compromised", (engine) => engine.rotate({ mode: "compromised" })],
];
const pairs = commands.flatMap((one, index) => commands.slice(index).map((other) => [one, other] as const));

const said = (runs: readonly Driven[]) =>
  runs.map(({ code, lines }) => `${code}\n${lines.join("\n")}`).join("\n---\n");

describe("two runs at once", () => {
  it.each(pairs.map(([one, other]) => [one[0], other[0], one[1], other[1]] as const))(
    "%s and %s: one waits, and both end right",
    async (_one, _other, one, other) => {
      await inSandbox({ latency: "5ms" }, async (sandbox, engine) => {
        await engine.setup(both);
        const runs = await Promise.all([one(engine), other(engine)]);
        expect(
          runs.map(({ code }) => code),
          said(runs),
        ).toEqual([0, 0]);
        const { keys } = stateIn(sandbox) ?? { keys: [] };
        expectOrder(sandbox, both, keys.filter(({ id }) => id).length);
      });
    },
  );

  it("two first set-ups make one installation", async () => {
    for (const latency of ["1ms", "10ms", "30ms"])
      await inSandbox({ latency }, async (sandbox, engine) => {
        const runs = await Promise.all([engine.setup(["awesomeapps"]), engine.setup(["default"])]);
        expect(
          runs.map(({ code }) => code),
          said(runs),
        ).toEqual([0, 0]);
        expectOrder(sandbox, both);
      });
  });

  it("a run that stood still while another took over writes nothing more", async () => {
    await inSandbox({}, async (sandbox, engine) => {
      await engine.setup(both);
      let resume: () => void = () => {};
      let isAsleep = false;
      let fallAsleep: () => void = () => {};
      const asleep = new Promise<void>((resolve) => (fallAsleep = resolve));
      const stop = sandbox.observe((phase, { method, path }) => {
        if (isAsleep || phase !== "committed" || method !== "POST" || !path.endsWith("/addPassword"))
          return undefined;
        isAsleep = true;
        fallAsleep();
        return new Promise<void>((resolve) => (resume = resolve));
      });
      const sleeper = engine.rotate();
      await asleep;
      stop();
      const other = await engine.rotate();
      expect(other.code, said([other])).toBe(0);
      const before = sandbox.requests.entries.length;
      resume();
      const woken = await sleeper;
      expect(woken.code, said([woken])).toBe(4);
      const writes = sandbox.requests.entries
        .slice(before)
        .filter(({ mutating, status }) => mutating && status === 200);
      expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    });
  });
});
