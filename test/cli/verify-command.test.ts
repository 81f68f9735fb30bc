import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSafely } from "../canary.ts";
import { regrant, setUpWorld, verify, type SetUpWorld } from "../scenarios/verification.ts";
import { TerminalRun } from "../terminal.ts";

let world: SetUpWorld;
beforeAll(async () => {
  world = await setUpWorld();
});
afterAll(() => world.sandbox.close());

describe("verify as JSON", () => {
  it("is one document whose checks carry what they are about", async () => {
    const { code, json } = await verify(world.sandbox);
    expect(code).toBe(0);
    expect(Object.keys(json)).toEqual(["schemaVersion", "command", "ok", "exitCode", "checks"]);
    expect(json).toMatchObject({ schemaVersion: 1, command: "verify", ok: true, exitCode: 0 });
    for (const check of json.checks) {
      expect(check).toMatchObject({ id: expect.any(String), message: expect.any(String) });
      expect(["pass", "warn", "fail", "skip"]).toContain(check.status);
      expect(["id", "target", "status", "message", "fix"]).toEqual(
        expect.arrayContaining(Object.keys(check)),
      );
    }
    const target = { context: "sandbox", namespace: "awesomeapps", secret: "acr-secret" };
    expect(json.checks).toContainEqual(
      expect.objectContaining({ id: "host", target: { ...target, host: world.loginServer } }),
    );
  });
});

describe("verify for people", () => {
  it("tells each check by mark and word under its secret, without colour where nobody sees it", async () => {
    const { code, stdout } = await runSafely(world.sandbox, ["verify", "-n", "awesomeapps"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Secret sandbox\/awesomeapps\/acr-secret$/m);
    expect(stdout).toMatch(/^ {2}✓ ok {3}pull-scope: It may pull from localhost:\d+\.$/m);
    expect(stdout).toMatch(/^ {2}- skip service-account: /m);
    expect(stdout).toMatch(/\nIn order: 12 ok, 1 skipped\.\n$/);
  });

  it("says what mends a failure, where to read, and how to look again", async () => {
    const broken = await setUpWorld();
    try {
      regrant(broken);
      const { code, stdout } = await runSafely(broken.sandbox, ["verify", "-n", "awesomeapps"]);
      expect(code).toBe(5);
      expect(stdout).toMatch(/^ {2}✗ FAIL role: .*\n {9}fix: Grant it: acr-pull setup /m);
      expect(stdout).toMatch(/^ {2}- skip role-condition, .*: Skipped while role fails\.$/m);
      expect(stdout).toMatch(/^Not in order: .* 1 FAILED, /m);
      expect(stdout).toMatch(/\n {2}acr-pull verify --namespace awesomeapps --context sandbox\n$/);
    } finally {
      await broken.sandbox.close();
    }
  });

  it("says once what is the same where there are many secrets, unless more is asked for", async () => {
    const many = await setUpWorld({}, { namespaces: ["awesomeapps", "default", "kube-public"] });
    const args = ["verify", "-n", "awesomeapps", "-n", "default", "-n", "kube-public"];
    try {
      const brief = await runSafely(many.sandbox, args);
      const lines = brief.stdout.split("\n");
      expect(lines[0]).toBe("  ✓ ok   3 namespaces: no check fails");
      expect(lines[2]).toMatch(/^In order: /);
      const verbose = await runSafely(many.sandbox, [...args, "-v"]);
      expect(verbose.stdout.match(/pull-scope:/g)).toHaveLength(3);
    } finally {
      await many.sandbox.close();
    }
  });

  it("keeps within 40 columns, commands apart, which are to be copied whole", async () => {
    const broken = await setUpWorld();
    try {
      regrant(broken);
      const run = await TerminalRun.start(broken.sandbox, ["verify", "-n", "awesomeapps"], { columns: 40 });
      expect(await run.exit()).toBe(5);
      expect(run.history).toContain("✗ FAIL");
      // Text before a carriage return is no longer on the screen.
      const lines = run.output
        .split("\n")
        .map((line) => stripVTControlCharacters(line).trimEnd().split("\r").at(-1) ?? "");
      const prose = lines.filter((line) => !/^ *(?:fix|do):|^ {2,}acr-pull/.test(line));
      // A single word that is too long is not broken either.
      const tooLong = prose.filter((line) => line.length > 40 && line.trim().includes(" "));
      expect(tooLong).toEqual([]);
    } finally {
      await broken.sandbox.close();
    }
  });
});

describe("verify", () => {
  it("that the cluster does not let in ends with 3, and says who is to sign in", async () => {
    const user = world.sandbox.world.clusters[0]!.users[0]!;
    const token = user.token;
    Object.assign(user, { token: "another" });
    try {
      const { code, json } = await verify(world.sandbox);
      expect(code).toBe(3);
      expect(json).toMatchObject({ ok: false, error: { code: "kubernetes.unauthorized" } });
    } finally {
      Object.assign(user, { token });
    }
  });

  it("of two clusters, one of which does not let it in, fails for that one and looks at the other", async () => {
    const user = world.sandbox.world.clusters[1]!.users[0]!;
    const token = user.token;
    Object.assign(user, { token: "another" });
    try {
      const { code, json } = await verify(world.sandbox, [
        "--context",
        "sandbox",
        "--context",
        "sandbox-staging",
      ]);
      expect(code).toBe(5);
      const failed = json.checks.filter(({ status }: { status: string }) => status === "fail");
      expect(failed).toMatchObject([{ id: "cluster-reachable", target: { context: "sandbox-staging" } }]);
      expect(json.checks).toContainEqual(
        expect.objectContaining({
          id: "pull-scope",
          status: "pass",
          target: expect.objectContaining({ context: "sandbox" }),
        }),
      );
    } finally {
      Object.assign(user, { token });
    }
  });

  it.each([
    ["--image", "not an image"],
    ["--registry", "x"],
    ["--pod", "Capital"],
    ["--context", "nowhere"],
  ])("refuses %s %s with 2", async (option, value) => {
    const { code } = await verify(world.sandbox, [option, value]);
    expect(code).toBe(2);
  });

  it("whose labels choose no namespace is refused with 2", async () => {
    const { code, json } = await verify(world.sandbox, ["--namespace-selector", "team=nobody"]);
    expect([code, json.error.code]).toEqual([2, "namespace.none-selected"]);
  });
});

describe("verify while a service does not answer", () => {
  it("is stopped by Ctrl-C at once, and says nothing of a bug", async () => {
    const { sandbox } = world;
    sandbox.setFaults([{ match: "GET .*/roleAssignments", action: "hang", times: 9 }]);
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const stop = sandbox.observe((phase, { path }) => {
      if (phase === "arrived" && path.endsWith("/roleAssignments")) kill?.("SIGINT");
    });
    try {
      const run = await verify(sandbox, [], { started: (signal) => (kill = signal) });
      expect(run.code, run.stderr).toBe(130);
      expect(run.json.error.code).toBe("interrupted");
    } finally {
      stop();
      sandbox.setFaults([]);
    }
  });

  it("goes on without Azure when that is too slow, and proves the pull all the same", async () => {
    const { sandbox } = world;
    sandbox.setFaults([{ match: "GET .*/registries[/?]", action: "hang", times: 9 }]);
    try {
      const run = await verify(sandbox, ["--timeout", "3s"]);
      expect(run.code, run.stdout).toBe(0);
      const byId = Object.fromEntries(run.json.checks.map((check: { id: string }) => [check.id, check]));
      expect(byId["pull-scope"].status).toBe("pass");
      expect(byId["role"]).toMatchObject({ status: "skip" });
    } finally {
      sandbox.setFaults([]);
    }
  });
});
