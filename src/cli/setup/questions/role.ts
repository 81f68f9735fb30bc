import type { RegistryRights } from "../../../core/ports.ts";
import type { Registry } from "../../../domain/registry.ts";
import { requestedRoles, rolesFor, type RequestedRole } from "../../../domain/role.ts";
import { setupOptions } from "../setup-options.ts";
import type { Choice } from "../../prompter.ts";
import { registryOptions, type QuestionParts, type SetupQuestion } from "./setup-question.ts";

interface Data {
  readonly registry: Registry;
  readonly rights: RegistryRights | undefined;
}

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
    dependsOn: registryOptions,
    fetched: "early",
    applies: ({ noAzure }) => !noAzure,
    async look(answers) {
      const [registry, rights] = await Promise.all([
        lookups.registry(answers),
        lookups.registryRights(answers),
      ]);
      return { registry, rights };
    },
    expect: () => ({ role: ["acrpull"] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: setupOptions.role.question ?? "",
        canGoBack,
        loading: "Looking how the registry grants access",
        choices: data.then(({ registry, rights }) =>
          requestedRoles.map((role) => choiceOf(role, registry, rights)),
        ),
        preselected: previous["role"]?.[0],
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { role: [reply.value] } };
    },
  };
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
