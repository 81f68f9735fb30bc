import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, setup } from "../program.ts";
import { expectRepeatable, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

const settled = ["--auth", "environment", "--name", "puller", "--expires-in", "30d"];
const place = ["-n", "default", "--secret-name", "acr-secret", "--service-account", "default"];
const limited = ["--registry", "abacregistry", "--role", "acrpush", "--repository", "team/*"];
const wording = { columns: 160 };

const standing = () => liveAssignments(sandbox).map(({ id, condition }) => [id, condition]);

describe("setup at a terminal, for a principal that has rights already", () => {
  it("proposes them, and Enter changes nothing of them", async () => {
    await setup(sandbox, limited);
    const before = standing();
    const args = [...settled, ...place, "--registry", "abacregistry", "--context", "sandbox"];
    const walk = await Walk.start(sandbox, args, wording);
    await (await walk.at("role")).shows("❯ acrpush as it is: grants Container Registry Repository Writer");
    walk.press("enter");
    await (await walk.at("repositories")).shows("team/*");
    walk.press("enter");
    await (
      await walk.at("review")
    ).run.until("Container Registry Repository Writer, limited to team/* on this");
    walk.press("enter");
    const command = await walk.equivalentCommand();
    expect(standing()).toEqual(before);
    await expectRepeatable(sandbox, command);
  });

  it("carries out by Enter alone no change of them", async () => {
    await setup(sandbox, limited);
    const args = [...settled, ...place, "--registry", "abacregistry", "--context", "sandbox"];
    const walk = await Walk.start(sandbox, args, wording);
    await walk.answer("role");
    await walk.answer("repositories", "ctrl-u");
    await (await walk.at("review")).shows("❯ no, stop here");
    await walk.run.until("limited to team/* → Container Registry Repository Writer");
    walk.press("up", "up", "enter");
    const command = await walk.equivalentCommand();
    expect(command).toContain("--repository '*'");
    expect(standing().map(([, condition]) => condition ?? undefined)).toEqual([undefined]);
    await expectRepeatable(sandbox, command);
  });

  it("asks with no as its default where flags say another role", async () => {
    await setup(sandbox, ["--role", "acrpush"]);
    const before = standing();
    const args = [
      ...settled,
      ...place,
      "--registry",
      "myregistry",
      "--context",
      "sandbox",
      "--role",
      "acrpull",
    ];
    const walk = await Walk.start(sandbox, args, wording);
    await walk.answer("review");
    expect(await walk.exit()).toBe(2);
    expect(standing()).toEqual(before);
  });

  it("offers to leave several clusters as they are where they differ", async () => {
    await setup(sandbox, ["--role", "acrpush"]);
    const contexts = ["--context", "sandbox", "--context", "sandbox-staging"];
    const walk = await Walk.start(
      sandbox,
      [...settled, ...place, "--registry", "myregistry", ...contexts],
      wording,
    );
    await (await walk.at("role")).shows("❯ as it is acrpush in sandbox, acrpull for a new one");
    walk.press("enter");
    await (await walk.at("review")).run.until("AcrPush; AcrPull on this registry only");
    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
  });
});
