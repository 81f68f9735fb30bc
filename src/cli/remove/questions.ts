import { registryName } from "../../core/cluster/registry-meant.ts";
import { listRemovableRegistries } from "../../core/remove/flow.ts";
import { refused } from "../../domain/errors.ts";
import { registryReference } from "../../domain/names.ts";
import { askContexts, askSignIn } from "../ask/places.ts";
import type { Choice } from "../ask/prompter.ts";
import type { Questions, Talk } from "../flow-command.ts";
import { registryText } from "../show/registry-text.ts";
import type { RemoveTypes } from "./options.ts";

/** Asks which clusters, and which registry they should no longer pull from. */
export const askForRemoval: Questions<RemoveTypes> = async (talk) => {
  const { sheet, connections } = talk;
  const { yes, dryRun, kubeconfig } = sheet.answers;
  if (!yes && !dryRun) {
    const contexts = await connections.contexts(kubeconfig);
    talk.open([
      "Removes what acr-pull setup gave a cluster for one registry.",
      "Nothing is written before you agree to the plan. Ctrl-C stops.",
    ]);
    await askSignIn(talk, sheet.answers, (request) => connections.azure(request));
    if (!sheet.has("contexts")) await askContexts(talk, contexts);
  }
  if (!sheet.has("registry")) await askRegistry(talk);
  return undefined;
};

/** Asks which registry: one that secrets have entries for, or a typed one whose secrets are already gone. */
async function askRegistry({
  sheet,
  connections,
  prompter,
  context,
  wait,
}: Talk<RemoveTypes>): Promise<void> {
  const clusters = await connections.clusters(sheet.answers);
  const found = await wait(
    "Looking for the registries that secrets have entries for",
    listRemovableRegistries(sheet.answers, { clusters }, context.signal),
  );
  if (found.length === 0) {
    throw refused(
      "remove.nothing-found",
      "No visible secret has an entry that acr-pull manages.",
      "Check --context and -n. To remove what is left in Azure after the secrets are gone, or what setup --attach granted, add --registry.",
    );
  }
  const choices = found.map(({ registry, loginServer, secrets }) => ({
    value: loginServer,
    label: registryText(registryName(registry, loginServer), loginServer),
    detail: secrets.length === 1 ? "one secret" : `${secrets.length} secrets`,
  }));
  const find = async (text: string): Promise<Choice[]> => {
    if (registryReference(text).kind === "name")
      throw new RangeError("For another registry, type its login server or resource id.");
    return [{ value: text, label: `use ${text}` }];
  };
  sheet.take({
    registry: [
      await prompter.search("Which registry should the cluster no longer pull from?", choices, find),
    ],
  });
}
