import { nearRegistry } from "../../../core/cluster/registry-meant.ts";
import { onlyRegistry } from "../../../core/setup/find-registry.ts";
import { asking } from "../../../domain/closest-name.ts";
import { ActionableError, refused } from "../../../domain/errors.ts";
import { registryReference } from "../../../domain/names.ts";
import type { ListedRegistry } from "../../../domain/registry.ts";
import { InterruptedError } from "../../interruption.ts";
import type { Choice } from "../../ask/prompter.ts";
import { brokenRule } from "../../options/option.ts";
import { setupOptions } from "../options.ts";
import { tell, type SetupTalk } from "./talk.ts";

/** Lists what the account that the answers name can see. */
export async function listRegistries({ sheet, connections, context }: SetupTalk) {
  const { subscription } = sheet.answers;
  const { registries } = await connections.azure(sheet.answers);
  return await registries.listRegistries({ subscription }, context.signal);
}

/**
 * Asks which registry: one of those in every visible subscription, or a typed one, which is looked for at once.
 * @throws ActionableError if none can be listed
 */
export async function askRegistry(talk: SetupTalk, listing = listRegistries(talk)): Promise<void> {
  const { sheet, prompter, connections, context, wait } = talk;
  const { subscription } = sheet.answers;
  const found = await wait("Looking through your subscriptions", listing);
  const { registries } = await connections.azure(sheet.answers);
  const listed = found.registries.toSorted((left, right) => left.name.localeCompare(right.name, "en"));
  if (listed.length === 0) throw found.unseen[0] ?? noRegistry();
  const choices = listed.map((registry) => choiceOf(registry, listed));
  let usual = sheet.texts("registry")[0];
  for (;;) {
    const find = async (text: string) => [typed(text, listed)];
    const text = await prompter.search("Which registry should the cluster pull from?", choices, find, usual);
    try {
      if (!choices.some(({ value }) => value === text)) {
        const registry = registryReference(text);
        const lookup = registries.findRegistries(registry, { subscription }, context.signal);
        onlyRegistry(await wait("Looking for the registry", lookup), { registry, subscription });
      }
      sheet.take({ registry: [text] });
      return;
    } catch (error) {
      if (!(error instanceof ActionableError) || error instanceof InterruptedError) throw error;
      tell(talk, error);
      usual = Object.values(error.meant)[0];
    }
  }
}

function noRegistry(): ActionableError {
  return refused(
    "registry.none",
    "The signed-in account cannot see any registry.",
    "Sign in with another account, such as with --auth device-code; name the registry with --registry; or ask for the role Reader on it.",
  );
}

/** Registries with the same name are distinguished by their login servers. */
function choiceOf(registry: ListedRegistry, listed: readonly ListedRegistry[]): Choice {
  const { name, loginServer, location, roleAssignmentMode, subscriptionId, subscriptionName } = registry;
  const namesakes = listed.filter((other) => other.name.toLowerCase() === name.toLowerCase());
  const abac = roleAssignmentMode === "AbacRepositoryPermissions";
  const mode = abac ? "ABAC mode" : roleAssignmentMode === undefined ? "mode unknown" : "legacy mode";
  return {
    value: namesakes.length > 1 ? loginServer : name,
    label: name,
    detail: [loginServer, location, mode, subscriptionName ?? subscriptionId].join(", "),
  };
}

/**
 * A bare name that is not in the list is not found elsewhere either.
 * @throws RangeError
 */
function typed(text: string, listed: readonly ListedRegistry[]): Choice {
  if (!/[/.:]/.test(text)) {
    const near = nearRegistry({ kind: "name", name: text }, listed);
    const other = "For another, type its login server or resource id.";
    throw new RangeError(`${asking("You can see no such registry.", near)} ${other}`);
  }
  const rule = brokenRule(setupOptions.registry, text);
  if (rule !== undefined) throw new RangeError(`The registry ${rule}.`);
  return { value: text, label: `use ${text}` };
}
