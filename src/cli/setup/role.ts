import type { StandingChoice } from "../../core/choices/standing-rights.ts";
import type { RegistryRights } from "../../core/ports.ts";
import type { Registry } from "../../domain/registry.ts";
import { requestedRoles, rolesFor, type RequestedRole } from "../../domain/role.ts";
import { setupOptions } from "./options.ts";
import type { Choice } from "../ask/prompter.ts";
import { principalOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

interface Data {
  readonly registry: Registry;
  readonly rights: RegistryRights | undefined;
  /** What stands for each cluster. */
  readonly standing: ReadonlyArray<StandingChoice | undefined>;
}

/** The value of the choice that says nothing, where the clusters differ. */
const asItIs = "";

const means: Readonly<Record<RequestedRole, string>> = {
  acrpull: "Pull images, and nothing else: what a pull secret is for.",
  acrpush:
    "Pull images and push them: for a cluster that also builds. Who reads the secret could replace an image.",
  owner:
    "Anything: delete images, change settings, give others access. Who reads the secret could, too. You will be asked to type the registry's name.",
};

/** Which role, by what it is called and what it means on this registry. */
export function roleQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Data> {
  return {
    id: "role",
    subject: "the role",
    options: ["role"],
    settledBy: ["role"],
    dependsOn: principalOptions,
    // No cluster is spoken to before it was chosen.
    fetched: "soon",
    applies: ({ noAzure }) => !noAzure,
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
        loading: "Looking how the registry grants access",
        choices: data.then(choicesOf),
        preselected: previous["role"]?.[0],
      });
      if (reply.kind === "back") return reply;
      // What stands need not be said, and then nothing is changed by it.
      const isKept = reply.value === asItIs || reply.value === keptRole((await data).standing);
      return { kind: "answer", value: { role: isKept ? [] : [reply.value] } };
    },
  };
}

/** The role that every principal keeps when none is said; undefined where they differ. */
function keptRole(standing: Data["standing"]): RequestedRole | undefined {
  const [first = "acrpull", ...more] = new Set(standing.map((one) => one?.role ?? "acrpull"));
  return more.length === 0 ? first : undefined;
}

/** What stands comes first: Enter keeps it. */
function choicesOf({ registry, rights, standing }: Data): Choice[] {
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

function differencesOf(standing: Data["standing"]): string {
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
