import { isDeepStrictEqual } from "node:util";
import type { StandingChoice } from "../../../core/choices/standing-rights.ts";
import type { RegistryRights } from "../../../core/ports.ts";
import type { Registry } from "../../../domain/registry.ts";
import { requestedRoles, rolesFor, type RequestedRole } from "../../../domain/role.ts";
import { setupOptions, everyRepository } from "../options.ts";
import type { Choice } from "../../ask/prompter.ts";
import {
  principalOptions,
  type SetupQuestionParts,
  type SetupQuestion,
  registryOptions,
} from "./question.ts";
import { brokenRule } from "../../options/option.ts";

interface RoleData {
  readonly registry: Registry;
  readonly rights: RegistryRights | undefined;
  /** What each cluster's principal may already do. */
  readonly standing: ReadonlyArray<StandingChoice | undefined>;
}

/** The value of the choice that changes nothing, for clusters that differ. */
const asItIs = "";

const means: Readonly<Record<RequestedRole, string>> = {
  acrpull: "Pull images, and nothing else: what a pull secret is for.",
  acrpush:
    "Pull images and push them: for a cluster that also builds. Anybody who reads the secret could replace an image.",
  owner:
    "Anything: delete images, change settings, give others access. Anybody who reads the secret could do so too. You will be asked to type the registry's name.",
};

/** Asks which role, by its name and by what it means on this registry. */
export function roleQuestion({ lookups, prompter }: SetupQuestionParts): SetupQuestion<RoleData> {
  return {
    id: "role",
    subject: "the role",
    options: ["role"],
    settledBy: ["role"],
    dependsOn: principalOptions,
    // No cluster is contacted before it is chosen.
    fetched: "soon",
    applies: () => true,
    async look(answers) {
      const [registry, rights, standing] = await Promise.all([
        lookups.registry(answers),
        lookups.registryRights(answers),
        lookups.standing(answers),
      ]);
      return { registry, rights, standing };
    },
    expect: () => ({ role: [] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: setupOptions.role.question ?? "",
        canGoBack,
        loading: "Checking how the registry grants access",
        choices: data.then(choicesOf),
        preselected: previous["role"]?.[0],
      });
      if (reply.kind === "back") return reply;
      // The role that is already held is left out of the answer, so that nothing changes.
      const isKept = reply.value === asItIs || reply.value === keptRole((await data).standing);
      return { kind: "answer", value: { role: isKept ? [] : [reply.value] } };
    },
  };
}

/** The role that every principal keeps if none is given; undefined if they differ. */
function keptRole(standing: RoleData["standing"]): RequestedRole | undefined {
  const [first = "acrpull", ...more] = new Set(standing.map((one) => one?.role ?? "acrpull"));
  return more.length === 0 ? first : undefined;
}

/** The role that is already held comes first, so that Enter keeps it. */
function choicesOf({ registry, rights, standing }: RoleData): Choice[] {
  const kept = keptRole(standing);
  const isNew = standing.every((one) => one === undefined);
  const roles = requestedRoles.map((role) => {
    const choice = choiceOf(role, registry, rights);
    return role === kept && !isNew ? { ...choice, detail: `as it is: ${choice.detail}` } : choice;
  });
  if (kept === undefined)
    return [{ value: asItIs, label: "as it is", detail: differencesOf(standing) }, ...roles];
  return roles.sort((left, right) => Number(right.value === kept) - Number(left.value === kept));
}

function differencesOf(standing: RoleData["standing"]): string {
  const told = standing.flatMap((one) => (one ? [`${one.role} in ${one.context}`] : []));
  return [...told, ...(standing.includes(undefined) ? ["acrpull for a new one"] : [])].join(", ");
}

function choiceOf(
  role: RequestedRole,
  { name, roleAssignmentMode }: Registry,
  rights: RegistryRights | undefined,
): Choice {
  const granted = rolesFor(role, roleAssignmentMode).map((one) => one.name);
  const missing =
    rights?.writeRoleAssignments !== false
      ? ""
      : ` You may not assign roles on ${name}: choose a principal that holds the role already.`;
  return {
    value: role,
    label: role,
    detail: `grants ${granted.join(" and ")}`,
    explanation: `${means[role]}${missing}`,
  };
}

/** Asks for consent to a role that may do anything: the person types the registry's name. */
export function ownerConsentQuestion({ lookups, prompter }: SetupQuestionParts): SetupQuestion<Registry> {
  return {
    id: "owner-consent",
    subject: undefined,
    options: ["allowPrivilegedRole"],
    settledBy: ["allowPrivilegedRole"],
    dependsOn: [...registryOptions, "role"],
    fetched: "early",
    // A plan grants nothing, so it needs no consent.
    applies: ({ role, dryRun }) => role === "owner" && !dryRun,
    look: (answers) => lookups.registry(answers),
    expect: () => ({ allowPrivilegedRole: ["owner"] }),
    async ask({ data, canGoBack }) {
      const { name } = await data;
      const reply = await prompter.text({
        message: `${setupOptions.allowPrivilegedRole.question}: ${name}`,
        intro: [
          `Owner of ${name} may delete its images, change its settings and give others access to it.`,
          "Everybody who can read the secret in the cluster could do so. To pull, acrpull is enough.",
        ],
        canGoBack,
        preset: "",
        check: (text) =>
          Promise.resolve(text === name ? undefined : `That is not ${name}; go back to choose another role.`),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { allowPrivilegedRole: ["owner"] } };
    },
  };
}

interface RepositoriesData {
  readonly registry: Registry;
  /** Sorted. Empty for all of the registry; undefined if no single list describes the limits that are in place. */
  readonly kept: readonly string[] | undefined;
}

/** Asks which repositories, on a registry whose roles can be limited to some. */
export function repositoriesQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<RepositoriesData> {
  return {
    id: "repositories",
    subject: "the repositories",
    options: ["repositories"],
    settledBy: ["repositories"],
    dependsOn: [...principalOptions, "role"],
    // No cluster is contacted before it is chosen.
    fetched: "soon",
    applies: () => true,
    async look(answers) {
      const [registry, standing] = await Promise.all([lookups.registry(answers), lookups.standing(answers)]);
      return { registry, kept: keptLimit(standing) };
    },
    isOpen: ({ registry: { roleAssignmentMode } }) => roleAssignmentMode === "AbacRepositoryPermissions",
    expect: () => ({ repositories: [] }),
    async ask({ data, previous, canGoBack }) {
      const { kept } = await data;
      const before = previous["repositories"];
      const reply = await prompter.text({
        message: setupOptions.repositories.question ?? "",
        intro: [
          "Separate several with commas; team/* means all below team. " +
            (kept
              ? "Leave it empty for the whole registry."
              : "Leave it empty to keep it as it is; * means all."),
        ],
        canGoBack,
        ifEmpty: kept ? "all of them" : "as it is",
        preset: (before && before.length > 0
          ? before.filter((one) => one !== everyRepository)
          : (kept ?? [])
        ).join(", "),
        check: (text) => Promise.resolve(ruleBroken(listed(text))),
      });
      if (reply.kind === "back") return reply;
      return { kind: "answer", value: { repositories: said(listed(reply.value), kept) } };
    },
  };
}

/** The value of the option for this limit: nothing if the limit is already in place. */
function said(repositories: readonly string[], kept: RepositoriesData["kept"]): readonly string[] {
  if (!kept) return repositories;
  if (isDeepStrictEqual([...repositories].sort(), kept)) return [];
  return repositories.length === 0 ? [everyRepository] : repositories;
}

/** The limit that every principal keeps if none is given; undefined if they differ, or if one is not known. */
function keptLimit(standing: ReadonlyArray<StandingChoice | undefined>): RepositoriesData["kept"] {
  const limits = standing.map((one) => (one ? one.repositories : []));
  const [first] = limits;
  return limits.every((limit) => isDeepStrictEqual(limit, first)) ? first : undefined;
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function ruleBroken(repositories: readonly string[]): string | undefined {
  for (const one of repositories) {
    const rule = brokenRule(setupOptions.repositories, one);
    if (rule !== undefined) return `${one} ${rule}`;
  }
  return undefined;
}
