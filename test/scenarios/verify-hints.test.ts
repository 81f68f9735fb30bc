import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { describe, it, type ExpectStatic } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { programPath, type Run } from "../program.ts";
import { commandsIn, pasted } from "./pasted.ts";
import type { SetUpWish } from "./already-set-up.ts";
import {
  addWaitingPod,
  checksOf,
  entry,
  idsOf,
  limitTo,
  madeByHand,
  putContent,
  regrant,
  rightEntry,
  setUpWorld,
  theSecret,
  verify,
  type SetUpWorld,
} from "./verification.ts";

/** A problem whose fix names an acr-pull command that fixes it. */
interface Fixable {
  readonly what: string;
  readonly world?: SandboxOptions;
  readonly wish?: SetUpWish;
  readonly breakIt: (world: SetUpWorld) => void;
  readonly args?: readonly string[];
}

const hourMs = 3_600_000;
const asked = ["--registry", "myregistry"];
const wrong = (world: SetUpWorld) =>
  putContent(world, { [world.loginServer]: rightEntry(world, "wro8Q~a-wrong-password") });
const remove = (world: SetUpWorld) => {
  const { objects } = world.sandbox.world.clusters[0]!;
  objects["secrets"] = (objects["secrets"] ?? []).filter((one) => one !== theSecret(world));
};

const fixable: readonly Fixable[] = [
  { what: "the secret is missing", breakIt: remove, args: asked },
  {
    what: "the only secret is missing, and Azure shows one registry",
    world: { registries: [{ name: "myregistry" }] },
    breakIt: remove,
  },
  {
    what: "the only secret is missing, and a pod tells the registry",
    breakIt: (world) => {
      remove(world);
      addWaitingPod(world, { waiting: null });
    },
  },
  { what: "it is in another namespace", breakIt: () => {}, args: ["-n", "default"] },
  {
    what: "the namespace is missing",
    breakIt: () => {},
    args: ["-n", "nowhere", "--secret-name", "regcred"],
  },
  { what: "the secret was emptied", breakIt: (world) => putContent(world, {}), args: asked },
  { what: "the secret holds no JSON", breakIt: (world) => putContent(world, "{auths:"), args: asked },
  {
    what: "the secret has another type",
    breakIt: (world) => {
      theSecret(world)["type"] = "Opaque";
    },
    args: asked,
  },
  {
    what: "the host stands there in capitals",
    breakIt: (world) => putContent(world, { [world.loginServer.toUpperCase()]: rightEntry(world) }),
  },
  {
    what: "a secret made by hand has the registry's name in place of its login server",
    breakIt: (world) => {
      madeByHand(world);
      putContent(world, { "myregistry.azurecr.io": rightEntry(world) });
    },
    args: asked,
  },
  {
    what: "it is for another registry alone",
    breakIt: (world) => putContent(world, { "ghcr.io": entry("somebody", "a-password-of-theirs") }),
    args: asked,
  },
  {
    what: "it is for another registry alone, made by hand",
    breakIt: (world) => {
      putContent(world, { "ghcr.io": entry("somebody", "a-password-of-theirs") });
      madeByHand(world);
    },
    args: asked,
  },
  { what: "the password is wrong", breakIt: wrong },
  {
    what: "the password is wrong in a secret made by hand",
    breakIt: (world) => {
      wrong(world);
      madeByHand(world);
    },
  },
  {
    what: "the key's id was pasted",
    breakIt: (world) => putContent(world, { [world.loginServer]: rightEntry(world, world.keyId) }),
  },
  {
    what: "a line break stands behind the password",
    breakIt: (world) =>
      putContent(world, { [world.loginServer]: rightEntry(world, `${rightEntry(world).password}\n`) }),
  },
  {
    what: "the principal's object id stands for the application's id",
    breakIt: (world) =>
      putContent(world, { [world.loginServer]: entry(world.principal.id, rightEntry(world).password) }),
  },
  { what: "the password has ended", wish: { ageDays: 200 }, breakIt: () => {} },
  {
    what: "the password has ended in a secret made by hand",
    wish: { ageDays: 200 },
    breakIt: madeByHand,
  },
  {
    what: "the key was removed",
    breakIt: ({ application }) => {
      for (const password of application.passwords) password.removedAt = Date.now() - hourMs;
    },
  },
  {
    what: "the application was deleted",
    breakIt: ({ application, principal }) => {
      application.softDeleted = true;
      application.removedAt = Date.now() - hourMs;
      principal.removedAt = Date.now() - hourMs;
    },
  },
  { what: "there is no role", breakIt: (world) => regrant(world) },
  {
    what: "AcrPull is held on a registry in ABAC mode",
    breakIt: ({ registry }) => {
      registry.roleAssignmentMode = "AbacRepositoryPermissions";
    },
  },
];

/** Pastes the commands of a fix into a job, where nobody is asked. Whoever does that has given consent. */
async function follow(world: SetUpWorld, fix: string): Promise<void> {
  const { sandbox } = world;
  const commands = commandsIn(fix);
  if (commands.length === 0) throw new Error(`no command in: ${fix}`);
  await symlink(programPath, join(sandbox.folder, "acr-pull")).catch(() => undefined);
  const env = {
    ...sandbox.environment,
    PATH: [sandbox.folder, process.env["PATH"]].join(delimiter),
    HOME: sandbox.folder,
    CI: "true",
    ACR_PULL_SETTLE: "0s",
  };
  for (const command of commands) {
    if (command.startsWith("kubectl --context sandbox delete secret ")) remove(world);
    if (command.startsWith("acr-pull ")) await promisify(execFile)("sh", ["-c", `${command} --yes`], { env });
  }
}

/** What every acr-pull command in a fix must name, so that it works wherever it is pasted. */
async function expectWhole(run: Run, expect: ExpectStatic): Promise<void> {
  const commands = run.json.checks.flatMap(({ fix = "" }: { fix?: string }) => commandsIn(fix));
  for (const line of commands.filter((one: string) => one.startsWith("acr-pull "))) {
    const { command, flags } = await pasted(line);
    expect(flags["contexts"], line).toEqual(["sandbox"]);
    if (command === "verify") continue;
    expect(flags["registry"], line).toHaveLength(1);
    expect(flags["registry"], line).not.toContain("REGISTRY");
  }
}

describe.concurrent("what verify says to do fixes it", () => {
  for (const { what, world: options, wish, breakIt, args } of fixable) {
    it(`where ${what}`, async ({ expect, onTestFinished }) => {
      // Only a caller that may see deleted applications can restore one.
      const graphPermissions = ["Application.ReadWrite.OwnedBy", "Application.Read.All"];
      const world = await setUpWorld({ ...options, caller: { graphPermissions } }, wish);
      onTestFinished(() => world.sandbox.close());
      breakIt(world);
      const before = await verify(world.sandbox, args);
      const [failed] = checksOf(before, "fail");
      expect(before.code, before.stdout).toBe(5);
      await expectWhole(before, expect);
      await follow(world, failed.fix);
      const after = await verify(world.sandbox, args);
      expect([after.code, idsOf(after, "fail")], `${failed.fix}\n${after.stdout}`).toEqual([0, []]);
    });
  }

  it("as far as a person knows which registry, where nothing tells it", async ({
    expect,
    onTestFinished,
  }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    remove(world);
    const [failed] = checksOf(await verify(world.sandbox), "fail");
    expect(failed.fix).toMatch(
      /, with abacregistry or myregistry for REGISTRY: acr-pull setup --registry REGISTRY --namespace /,
    );
    await follow(world, failed.fix.replace("--registry REGISTRY", "--registry myregistry"));
    expect((await verify(world.sandbox)).code).toBe(0);
  });

  it("where the role is limited to another repository, and keeps what it allowed", async ({
    expect,
    onTestFinished,
  }) => {
    const world = await setUpWorld();
    onTestFinished(() => world.sandbox.close());
    limitTo(world, "team/*");
    const image = ["--image", "my-awesome-app:v1"];
    const [failed] = checksOf(await verify(world.sandbox, image), "fail");
    expect(failed.id).toBe("role-condition");
    expect(failed.fix).toContain("--repository 'team/*' --repository my-awesome-app");
  });
});
