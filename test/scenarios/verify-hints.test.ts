import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { describe, it } from "vitest";
import { programPath } from "../program.ts";
import type { SetUpWish } from "./already-set-up.ts";
import {
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

/** A trouble whose hint names a command of acr-pull's that mends it. */
interface Mendable {
  readonly what: string;
  readonly wish?: SetUpWish;
  readonly breakIt: (world: SetUpWorld) => void;
  readonly args?: readonly string[];
}

const hourMs = 3_600_000;
const wrong = (world: SetUpWorld) =>
  putContent(world, { [world.loginServer]: rightEntry(world, "wro8Q~a-wrong-password") });
const remove = (world: SetUpWorld) => {
  const { objects } = world.sandbox.world.clusters[0]!;
  objects["secrets"] = (objects["secrets"] ?? []).filter((one) => one !== theSecret(world));
};

const mendable: readonly Mendable[] = [
  { what: "the secret is missing", breakIt: remove, args: ["-n", "awesomeapps", "--registry", "myregistry"] },
  {
    what: "it is in another namespace",
    breakIt: () => {},
    args: ["-n", "default", "--registry", "myregistry"],
  },
  {
    what: "the namespace is missing",
    breakIt: () => {},
    args: ["-n", "nowhere", "--registry", "myregistry", "--secret-name", "regcred"],
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
    args: ["--registry", "myregistry"],
  },
  {
    what: "it is for another registry alone",
    breakIt: (world) => putContent(world, { "ghcr.io": entry("somebody", "a-password-of-theirs") }),
    args: ["--registry", "myregistry"],
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
  { what: "the service account is not linked", breakIt: () => {}, args: ["--service-account", "default"] },
];

/** Runs the command that a hint names, as who copies it does who has agreed. */
async function follow({ sandbox }: SetUpWorld, hint: string): Promise<string> {
  const command = /acr-pull (?:setup|rotate) [^;]*?(?=; |\.$|\. |$)/.exec(hint)?.[0];
  if (command === undefined) throw new Error(`no command in: ${hint}`);
  await symlink(programPath, join(sandbox.folder, "acr-pull")).catch(() => undefined);
  const env = {
    ...sandbox.environment,
    PATH: [sandbox.folder, process.env["PATH"]].join(delimiter),
    HOME: sandbox.folder,
    ACR_PULL_SETTLE: "0s",
  };
  const { stderr } = await promisify(execFile)("sh", ["-c", `${command} --yes`], { env });
  return stderr;
}

describe.concurrent("what verify says to do mends it", () => {
  for (const { what, wish, breakIt, args } of mendable) {
    it(`where ${what}`, async ({ expect, onTestFinished }) => {
      // Only who may see deleted applications can restore one.
      const graphPermissions = ["Application.ReadWrite.OwnedBy", "Application.Read.All"];
      const world = await setUpWorld({ caller: { graphPermissions } }, wish);
      onTestFinished(() => world.sandbox.close());
      breakIt(world);
      const before = await verify(world.sandbox, args);
      const [failed] = checksOf(before, "fail");
      expect(before.code, before.stdout).toBe(5);
      await follow(world, failed.hint);
      const after = await verify(world.sandbox, args);
      expect([after.code, idsOf(after, "fail")], `${failed.hint}\n${after.stdout}`).toEqual([0, []]);
    });
  }

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
    expect(failed.hint).toContain("--repository 'team/*' --repository my-awesome-app");
  });
});
