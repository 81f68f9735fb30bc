import { symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programPath } from "../program.ts";
import { commandsIn } from "../scenarios/pasted.ts";
import {
  addWaitingPod,
  entry,
  idsOf,
  joinGroup,
  limitTo,
  linkAccount,
  madeByHand,
  putContent,
  regrant,
  setUpWorld,
  theSecret,
  verify,
  type SetUpWorld,
} from "../scenarios/verification.ts";
import { Clients } from "./clients.ts";
import { lacks } from "./peer.ts";

/** A problem, and the check whose fix names commands of az or kubectl. */
interface Trouble {
  readonly what: string;
  readonly check: string;
  readonly arrange: (world: SetUpWorld) => void;
  readonly args?: readonly string[];
  /** The commands' output, if they only show something. */
  readonly shows?: RegExp;
}

/** Problems that the commands fix. */
const fixed: readonly Trouble[] = [
  {
    what: "the registry's network rules refuse this machine",
    check: "registry-reachable",
    arrange: ({ registry }) => {
      registry.firewalled = true;
    },
  },
  {
    what: "the principal is disabled",
    check: "principal",
    arrange: ({ principal }) => {
      principal.accountEnabled = false;
    },
  },
  {
    what: "there is no role for what somebody made by hand",
    check: "role",
    arrange: (world) => {
      madeByHand(world);
      regrant(world);
    },
  },
  {
    what: "a role that pushes is held beside one that pulls",
    check: "role-width",
    arrange: (world) => regrant(world, { role: "AcrPush" }, { role: "AcrPull" }),
  },
  {
    what: "the secret has another type",
    check: "secret-type",
    arrange: (world) => {
      theSecret(world)["type"] = "Opaque";
    },
    args: ["--registry", "myregistry"],
  },
  {
    what: "the secret holds no JSON",
    check: "secret-parses",
    arrange: (world) => putContent(world, "{auths:"),
    args: ["--registry", "myregistry"],
  },
  {
    what: "a pod was created before its service account named the secret",
    check: "service-account",
    arrange: (world) => {
      addWaitingPod(world, { imagePullSecrets: [], waiting: null });
      linkAccount(world, "acr-secret");
    },
  },
  {
    what: "a pod waits, and its service account does not name the secret that somebody made by hand",
    check: "pod",
    arrange: (world) => {
      madeByHand(world);
      addWaitingPod(world, { imagePullSecrets: [] });
    },
  },
];

/** Problems that the commands show more about. */
const shown: readonly Trouble[] = [
  {
    what: "the registry is reached by private endpoints alone",
    check: "registry-reachable",
    arrange: ({ registry }) => {
      registry.network.publicAccess = false;
      registry.network.privateEndpoints = 1;
    },
    shows: /myregistry-endpoint-1/,
  },
  {
    what: "the registry lets in selected networks alone",
    check: "registry-reachable",
    arrange: ({ registry }) => {
      registry.network.defaultAction = "Deny";
      registry.network.allowedAddresses.push("203.0.113.7");
    },
    shows: /203\.0\.113\.7/,
  },
  {
    what: "the image is not there",
    check: "image",
    arrange: () => {},
    args: ["--image", "my-awesome-app:v9"],
    shows: /"v1"/,
  },
  {
    what: "somebody else limited the role to another repository, by a group",
    check: "role-condition",
    arrange: (world) => {
      madeByHand(world);
      limitTo(world, "team/*");
      const condition = world.sandbox.world.roleAssignments.at(-1)?.condition ?? "";
      regrant(world);
      joinGroup(world, { role: "Container Registry Repository Reader", scope: "myregistry", condition });
    },
    args: ["--image", "my-awesome-app:v1"],
    shows: /StringStartsWithIgnoreCase 'team\/'/,
  },
  {
    what: "what it holds belongs to no application, and is refused",
    check: "sign-in",
    arrange: (world) =>
      putContent(world, { [world.loginServer]: entry("my-token", "no-password-of-any-token") }),
    shows: /\[\]\s+false/,
  },
  {
    what: "a registry is asked for that there is not",
    check: "secret-registry",
    arrange: () => {},
    args: ["--registry", "nosuchregistry"],
    shows: /"localhost:\d+"/,
  },
  {
    what: "there is no pod of that name",
    check: "pod",
    arrange: addWaitingPod,
    args: ["--pod", "ghost"],
    shows: /ImagePullBackOff/,
  },
  {
    what: "a pod waits for an image that is not there",
    check: "pod",
    arrange: (world) => addWaitingPod(world, { image: `${world.loginServer}/my-awesome-app:v9` }),
    shows: /my-awesome-app:v9/,
  },
];

describe.skipIf(lacks("az", "kubectl"))("commands of az and kubectl in verify's fixes", () => {
  let world: SetUpWorld;
  let clients: Clients;
  /** Restores what the world held before it was broken. */
  let whole: () => void;

  beforeAll(async () => {
    world = await setUpWorld();
    const { sandbox, registry, principal, application } = world;
    await symlink(programPath, join(sandbox.folder, "acr-pull"));
    clients = await Clients.of(sandbox);
    const [cluster] = sandbox.world.clusters;
    const healthy = structuredClone(cluster!.objects);
    const keys = structuredClone(application.passwords);
    const network = structuredClone(registry.network);
    const assignments = [...sandbox.world.roleAssignments];
    whole = () => {
      Object.assign(cluster!.objects, structuredClone(healthy));
      application.passwords.splice(0, Infinity, ...structuredClone(keys));
      principal.passwords.splice(0);
      principal.accountEnabled = true;
      registry.roleAssignmentMode = "LegacyRegistryPermissions";
      registry.firewalled = false;
      Object.assign(registry.network, structuredClone(network));
      sandbox.world.groups.splice(0);
      for (const one of assignments) delete one.removedAt;
      sandbox.world.roleAssignments.splice(0, Infinity, ...assignments);
    };
  });
  afterAll(async () => {
    await world.sandbox.close();
  });

  /** Breaks the world, and runs the commands in the check's fix. */
  async function follow({
    check,
    arrange,
    args,
  }: Trouble): Promise<{ readonly message: string; readonly said: string }> {
    whole();
    arrange(world);
    const run = await verify(world.sandbox, args);
    const found = run.json.checks.find(
      ({ id, status }: { id: string; status: string }) => id === check && /fail|warn/.test(status),
    );
    expect(found, run.stdout).toBeDefined();
    const commands = commandsIn(found.fix);
    expect(commands, found.fix).not.toEqual([]);
    const env = { PATH: [world.sandbox.folder, process.env["PATH"]].join(delimiter) };
    const said = [];
    for (const command of commands) {
      const agreed = command.startsWith("acr-pull ") ? `${command} --yes` : command;
      said.push(await clients.shell(agreed.replace("ADDRESS", "127.0.0.1"), env));
    }
    return { message: found.message, said: said.join("\n") };
  }

  it.each(fixed)("fix it if $what", async (trouble) => {
    const { message } = await follow(trouble);
    const after = await verify(world.sandbox, trouble.args);
    const left = after.json.checks.map((one: { message: string }) => one.message);
    expect([after.code, idsOf(after, "fail")], after.stdout).toEqual([0, []]);
    expect(left, after.stdout).not.toContain(message);
  });

  it.each(shown)("show more where $what", async (trouble) => {
    expect((await follow(trouble)).said).toMatch(trouble.shows ?? /./);
  });
});
