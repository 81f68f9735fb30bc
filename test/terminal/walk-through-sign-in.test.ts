import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { azOfAPerson } from "../az-of-a-person.ts";
import { secretOf } from "../program.ts";
import { Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ registries: [{ name: "myregistry" }] });
});
afterEach(() => sandbox.close());

const place = ["--context", "sandbox", "-n", "awesomeapps"];

describe("where nobody is signed in", () => {
  it("that is said, and a code leads on, once for the lists, the plan and the writing", async () => {
    // The person types the code once the test has seen it on the screen.
    let signIn: () => void = () => {};
    const typed = new Promise<void>((resolve) => (signIn = resolve));
    sandbox.observe(async (phase, { path }) => {
      if (phase === "arrived" && path.endsWith("/token")) await typed;
    });
    const nobody = { PATH: "/nowhere", AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined };
    const walk = await Walk.start(sandbox, place, { env: nobody });
    await (await walk.at("signIn")).shows("❯ a work account, with a code");
    expect(walk.run.screen).toMatch(/^! warning: Not signed in: /m);
    await walk.press("enter").run.until("enter the code");
    signIn();
    await (await walk.accept("registry")).at("review");
    expect(walk.run.screen).toContain("ada@sandbox.example");
    await (await walk.accept("review")).equivalentCommand();
    expect(secretOf(sandbox, "awesomeapps")).toBeDefined();
    const codes = sandbox.requests.entries.filter(({ path }) => path.endsWith("/devicecode"));
    expect(codes.map(({ status }) => status)).toEqual([200]);
  });
});

describe("where two are signed in", () => {
  it("setup asks which of them is meant", async () => {
    const az = await azOfAPerson(sandbox);
    await az.logIn(false);
    const walk = await Walk.start(sandbox, place, { env: { PATH: az.env["PATH"] } });
    await (await walk.at("signIn")).shows("by environment variables");
    await walk.shows("by the Azure CLI");
    await walk.press("down", "enter").answer("registry");
    await (await walk.at("review")).run.until("Signed in ada@sandbox.example");
    expect(await walk.press("ctrl-c").exit()).toBe(130);
  });
});
