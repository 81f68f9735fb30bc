import { afterEach, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretOf } from "../program.ts";
import { Walk } from "./walk-through.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

/** Nobody is signed in, and there is no Azure CLI. */
const nobody = { PATH: "/nowhere", AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined };

/** Flags that answer everything except the account and the registry in Azure. */
const settled =
  "--role acrpull --name puller --context sandbox -n awesomeapps --secret-name pulls --expires-in 30d".split(
    " ",
  );
settled.push("--service-account", "default");

describe("where nobody is signed in", () => {
  it("that is said, and a code leads on: it stays on the screen while the next question waits for it", async () => {
    sandbox = await startSandbox();
    // The person types the code once the test has seen it on the screen.
    let signIn: () => void = () => {};
    const typed = new Promise<void>((resolve) => (signIn = resolve));
    sandbox.observe(async (phase, { path }) => {
      if (phase === "arrived" && path.endsWith("/token")) await typed;
    });
    const walk = await Walk.start(sandbox, settled, { env: nobody });
    await (await walk.at("signIn")).shows("❯ a work account, with a code");
    await walk.shows("Not signed in: ");
    walk.press("enter");
    await walk.shows("enter the code");
    await walk.shows("Which registry should the cluster pull from?");
    await walk.shows("Looking through your subscriptions");
    signIn();
    await walk.answer("registry", "my");
    await walk.at("review");
    expect(walk.run.screen).toContain("ada@sandbox.example");
    await (await walk.accept("review")).equivalentCommand();
    expect(secretOf(sandbox, "awesomeapps", "pulls")).toBeDefined();
  });
});

describe("a code that nobody types", () => {
  it("holds nothing up once another account is chosen, and does not keep the program when the work is done", async () => {
    sandbox = await startSandbox({ deviceSignIn: { pendingPolls: 1_000_000 } });
    const walk = await Walk.start(sandbox, settled);
    await walk.answer("signIn", "with a code");
    await walk.shows("enter the code");
    const isPoll = ({ path, status }: RequestEntry) => path.endsWith("/token") && status === 400;
    await walk.run.when(() => sandbox.requests.entries.some(isPoll), "a poll");
    walk.press("shift-tab");
    await (await walk.at("signIn")).shows("❯ a work account, with a code");
    walk.press("up", "up", "enter");
    await walk.answer("registry", "my");
    await walk.at("review");
    await (await walk.accept("review")).equivalentCommand();
    // Only the code that was requested stays on the screen, as part of what happened.
    expect(walk.run.transcript.match(/enter the code/g)).toHaveLength(1);
  });
});
