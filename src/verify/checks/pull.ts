import { imageText } from "../../domain/image-name.ts";
import { isOurAssignment } from "../../domain/role-assignment.ts";
import { repositoriesIn, rolesFor } from "../../domain/role.ts";
import { fail, notKnown, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { EntryFacts, HeldRole } from "../facts.ts";
import { valueOf } from "../known.ts";
import { az, azAcr, buildAdvice, setupAgain } from "../remedies.ts";
import { givesMore, givesPull, groupOf, roleName } from "../roles.ts";
import { isPrincipal } from "./credential.ts";

const standing = ["host", "principal", "role"];

/** Checks of what a credential may pull, in the order in which they are shown. */
export const pullChecks: ReadonlyArray<Check<EntryFacts>> = [
  { id: "role", needs: ["host", "principal"], look: role },
  { id: "role-condition", needs: standing, look: condition },
  { id: "role-width", needs: standing, look: width },
  {
    id: "pull-scope",
    needs: [...standing, "registry-reachable", "token", "expiry", "sign-in", "role-condition"],
    look: pullScope,
  },
  { id: "image", needs: ["pull-scope"], look: image },
];

/** Whether it may pull what was asked for. */
function pulls({ pull }: EntryFacts): boolean {
  return pull?.kind === "allowed" || pull?.kind === "image-missing";
}

/** Does the service principal hold a role that allows pulls in the registry's mode? AcrPull allows none in ABAC mode. */
function role(facts: EntryFacts): Verdict | undefined {
  const { registry, roles } = facts;
  if (!isPrincipal(facts)) return undefined;
  if (!registry.known) return notKnown(registry);
  if (!roles.known || !registry.value) return roles.known ? undefined : notKnown(roles);
  const { name, roleAssignmentMode: mode } = registry.value;
  const fitting = roles.value.find((held) => givesPull(held, mode));
  const inWords = mode === "AbacRepositoryPermissions" ? "ABAC" : "legacy";
  const told = mode
    ? `which is in ${inWords} mode`
    : "whose mode this cloud's Resource Manager does not report";
  const where = `${name}, ${told}`;
  if (fitting) {
    const group = groupOf(fitting, facts);
    const held = `${roleName(fitting)}${group === undefined ? "" : ` through the group ${group}`}`;
    return mode || pulls(facts)
      ? pass(`It holds ${held}, which allows pulls from ${where}.`)
      : warn(`It holds ${held}, which allows pulls in only one of the two modes, on ${where}.`);
  }
  const grant = `Grant it: ${grantCommand(facts)}`;
  if (pulls(facts)) {
    return warn(
      `It pulls from ${name}, but Azure shows no role that allows it, direct or through a group. If one was just removed, pulls stop within minutes.`,
      grant,
    );
  }
  if (roles.value.length === 0)
    return fail(`The service principal has no role assignment on registry ${name} or above it.`, grant);
  return fail(
    `${roles.value.map(roleName).join(", ")} does not allow pulls from ${where}: that requires ${rolesFor("acrpull", mode)[0]?.name}.`,
    grant,
  );
}

/** The command that grants a role that pulls. */
function grantCommand(facts: EntryFacts): string {
  const [found, objectId] = [valueOf(facts.registry), valueOf(facts.principal)?.objectId];
  if ((facts.isOurs && facts.writtenBy === undefined) || !found || objectId === undefined)
    return setupAgain(facts);
  const [granted] = rolesFor("acrpull", found.roleAssignmentMode);
  const whom = ["--assignee-object-id", objectId, "--assignee-principal-type", "ServicePrincipal"];
  const what = ["--role", granted?.name ?? "AcrPull", "--scope", found.id];
  return az("role", "assignment", "create", ...whom, ...what);
}

/** If the role has a condition, does it allow the repository that is pulled? */
function condition(facts: EntryFacts): Verdict | undefined {
  const { pull, image, imageIsNamed, credential } = facts;
  const [registry, roles] = [valueOf(facts.registry), valueOf(facts.roles)];
  if (!registry || !roles) return undefined;
  const fitting = roles.filter((held) => givesPull(held, registry.roleAssignmentMode));
  const [first] = fitting;
  if (!first || fitting.some(({ assignment }) => assignment.condition === undefined)) return undefined;
  const allowed = repositoriesIn(first.assignment.condition ?? "");
  const shown = allowed.length > 0 ? allowed.join(", ") : "some repositories, by a custom condition";
  if (pull?.kind !== "no-pull-scope" || !imageIsNamed) return pass(`The role is limited to ${shown}.`);
  const repositories = [...allowed, image.repository].map((one) => ["--repository", one] as const);
  const who = ["--assignee", credential.username, "--include-inherited", "--include-groups"];
  const listed = az("role", "assignment", "list", "--scope", registry.id, ...who);
  return fail(
    `The role on ${registry.name} is limited to ${shown}, which do not include ${image.repository}.`,
    facts.isOurs && allowed.length > 0
      ? `Allow it too: ${setupAgain(facts, repositories)}`
      : `Ask whoever wrote the condition to allow the repository too: ${listed} shows the condition.`,
  );
}

/** Does it hold more than pulls need and acr-pull granted, or on more than this registry? Anybody who takes the secret gets all of it. */
function width(facts: EntryFacts): Verdict | undefined {
  const [registry, roles = []] = [valueOf(facts.registry), valueOf(facts.roles)];
  if (!registry || roles.length === 0) return undefined;
  const isAbove = ({ assignment }: HeldRole) => assignment.scope.toLowerCase() !== registry.id.toLowerCase();
  // What acr-pull granted was asked for.
  const isWide = (held: HeldRole) => givesMore(held) && !isOurAssignment(registry.id, held.assignment);
  const wide = roles.find((held) => isAbove(held) || isWide(held));
  if (!wide) return pass(`It has only what was asked for, and only on ${registry.name}.`);
  const { id, scope } = wide.assignment;
  const group = groupOf(wide, facts);
  const held = `It has ${roleName(wide)}${group === undefined ? "" : ` through the group ${group}`}`;
  const narrow =
    group === undefined
      ? az("role", "assignment", "delete", "--ids", id)
      : `take the service principal out of the group ${group}`;
  return warn(
    isAbove(wide)
      ? `${held} not only on ${registry.name} but on all of ${scope}.`
      : `${held} on ${registry.name}, which allows more than pulls.`,
    `If nothing else needs it, and once the registry has a role assignment that allows pulls: ${narrow}`,
  );
}

/** Does the registry issue a token that pulls? This proves everything that the checks before it ask. */
function pullScope(facts: EntryFacts): Verdict {
  const { pull, image, imageIsNamed, host, registry, roles } = facts;
  if (!pull) return skip(`${host} was not asked.`);
  if (pulls(facts))
    return pass(imageIsNamed ? `It may pull ${image.repository} from ${host}.` : `It may pull from ${host}.`);
  const seesRoles = isPrincipal(facts) && valueOf(registry) !== undefined && roles.known;
  if (pull.kind === "no-pull-scope" && !imageIsNamed && !seesRoles) {
    return skip(
      `${host} signs it in, but lets it pull no repository with an arbitrary name: its role may be limited to some.`,
      "Name an image that the cluster pulls with --image, to try that one.",
    );
  }
  return fail(
    pull.kind === "refused"
      ? `${host} refuses it, although the password is right and a role is assigned: ${pull.reason}`
      : `${host} signs it in, but does not let it pull ${image.repository}.`,
    seesRoles
      ? "A new role assignment takes up to ten minutes to take effect: wait, and run verify again. If that does not help, look for a deny assignment or a condition on the role."
      : "The role is missing, does not fit the registry's mode, or is limited to other repositories. To learn which, sign in to Azure (az login) and run verify again.",
  );
}

/** Does the image that was named exist, and is it built for the platform of every node? */
function image(facts: EntryFacts): Verdict | undefined {
  const { pull, image: asked, imageIsNamed, host, platforms, nodes } = facts;
  if (!imageIsNamed || asked.tag === undefined || !pull) return undefined;
  const name = imageText(asked);
  if (pull.kind === "image-missing") {
    const tags = azAcr(facts, ["repository", "show-tags"], { more: ["--repository", asked.repository] });
    return fail(`${host} has no image ${name}.`, `List its tags: ${tags}`);
  }
  if (pull.kind !== "allowed") return undefined;
  if (!platforms.known || !nodes.known) {
    const { why, fix } = nodes.known ? (platforms as Extract<typeof platforms, { known: false }>) : nodes;
    return pass(`${host} has the image ${name}. Whether it is built for the nodes is not known: ${why}`, fix);
  }
  const wanted = [...new Set(nodes.value.map(({ os, architecture }) => `${os}/${architecture}`))].sort();
  const missing = wanted.filter((one) => !platforms.value.includes(one));
  if (missing.length === 0) return pass(`${host} has the image ${name}, for all nodes.`);
  return fail(
    `${name} is built for ${platforms.value.join(", ")}, but some nodes are ${missing.join(", ")}: a pod on one of them finds no image for it.`,
    buildAdvice([...platforms.value, ...missing], `${host}/${name}`),
  );
}
