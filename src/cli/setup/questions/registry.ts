import { nearRegistry } from "../../../core/cluster/registry-meant.ts";
import { asking } from "../../../domain/closest-name.ts";
import { refused } from "../../../domain/errors.ts";
import { registryReference } from "../../../domain/names.ts";
import type { ListedRegistry } from "../../../domain/registry.ts";
import { setupOptions } from "../options.ts";
import type { Choice } from "../../ask/prompter.ts";
import { toned } from "../../show/terminal.ts";
import { noteWhenKnown, azureOptions, type SetupQuestionParts, type SetupQuestion } from "./question.ts";

/** Asks which registry: one from a list over all subscriptions, or a typed one. */
export function registryQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<readonly ListedRegistry[]> {
  return {
    id: "registry",
    subject: "the registry",
    options: ["registry"],
    settledBy: ["registry"],
    dependsOn: azureOptions,
    fetched: "early",
    applies: () => true,
    async look(answers) {
      const listed = await lookups.registries(answers);
      if (listed.length > 0) return listed;
      throw refused(
        "registry.none",
        "The signed-in account cannot see any registry.",
        "Sign in with another account, or ask for the role Reader on the registry.",
      );
    },
    expect(listed, answers) {
      const [first] = listed;
      if (!first) return {};
      const { value } = choiceOf(first, 0, listed);
      lookups.choose(answers, registryReference(value), first);
      return { registry: [value] };
    },
    async ask({ answers, data, previous, canGoBack }) {
      // A person who has just signed in sees the account.
      if (answers.auth === "device-code" || answers.auth === "browser") {
        noteWhenKnown(prompter, lookups.signedIn(answers), ({ caller }) => [
          [toned("good", "✓ "), `signed in as ${caller.name}, tenant ${caller.tenantId}`],
        ]);
      }
      const reply = await prompter.choose({
        message: setupOptions.registry.question ?? "",
        canGoBack,
        loading: "Looking through your subscriptions",
        choices: data.then((listed) => listed.map(choiceOf)),
        preselected: previous["registry"]?.[0],
        typed,
        check: async (text) => {
          const reference = registryReference(text);
          const listed = await data;
          const one = listed.find((registry) => choiceOf(registry, 0, listed).value === text);
          if (one) lookups.choose(answers, reference, one);
          const { registries, others, unseen } = await lookups.findRegistries(answers, reference);
          if (registries.length === 1) return undefined;
          if (registries.length > 1) return "Several registries have that name.";
          if (unseen[0]) throw unseen[0];
          return asking("You can see no such registry.", nearRegistry(reference, others));
        },
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { registry: [reply.value] } };
    },
  };
}

/** Registries with the same name are distinguished by their login servers. */
function choiceOf(registry: ListedRegistry, _index: number, listed: readonly ListedRegistry[]): Choice {
  const { name, loginServer, location, roleAssignmentMode, subscriptionId, subscriptionName } = registry;
  const namesakes = listed.filter((other) => other.name.toLowerCase() === name.toLowerCase());
  const abac = roleAssignmentMode === "AbacRepositoryPermissions";
  const mode = abac ? "ABAC mode" : roleAssignmentMode === undefined ? "mode unknown" : "legacy mode";
  return {
    value: namesakes.length > 1 ? loginServer : name,
    label: name,
    detail: [loginServer, location, mode, subscriptionName ?? subscriptionId].join(", "),
    explanation: abac ? "In ABAC mode a role can be limited to repositories." : undefined,
  };
}

/**
 * A bare name that is not in the list is not found elsewhere either.
 * @throws RangeError
 */
function typed(text: string): Choice {
  if (!/[/.]/.test(text)) {
    throw new RangeError(
      "is not a registry that you can see: type a login server or a resource id for another",
    );
  }
  registryReference(text);
  return { value: text, label: `use ${text}` };
}
