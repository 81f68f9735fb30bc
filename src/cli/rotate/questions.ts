import { registryName } from "../../core/cluster/registry-meant.ts";
import { listRotatableKeys } from "../../core/rotate/flow.ts";
import { askContexts, askSignIn } from "../ask/places.ts";
import type { Questions } from "../flow-command.ts";
import { registryText } from "../show/registry-text.ts";
import type { RotateTypes } from "./options.ts";

/** The value of the choice that names no registry. */
const all = "";

/** Asks which clusters, and for which registry if their secrets hold keys for several. */
export const askForRotation: Questions<RotateTypes> = async (talk) => {
  const { sheet, connections, prompter, context, wait } = talk;
  const { yes, dryRun, kubeconfig } = sheet.answers;
  // Both take the defaults.
  if (yes || dryRun) return undefined;
  const contexts = await connections.contexts(kubeconfig);
  talk.open([
    "Replaces the passwords that a cluster's pull secrets hold, with no failed pull in between.",
    "Nothing is written before you agree to the plan. Ctrl-C stops.",
  ]);
  await askSignIn(talk, sheet.answers, (request) => connections.directory(request));
  if (!sheet.has("contexts")) await askContexts(talk, contexts);
  if (sheet.has("registry", "namespaces", "namespaceSelector", "secretName")) return undefined;
  const clusters = await connections.clusters(sheet.answers);
  const keys = await wait(
    "Looking for the keys that secrets hold",
    listRotatableKeys(sheet.answers, { clusters }, context.signal),
  );
  const registries = new Map(keys.map(({ loginServer, registry }) => [loginServer, registry] as const));
  if (registries.size < 2) return undefined;
  const chosen = await prompter.choose("Which passwords?", [
    { value: all, label: "those of all registries" },
    ...[...registries].map(([loginServer, registry]) => ({
      value: loginServer,
      label: registryText(registryName(registry, loginServer), loginServer),
    })),
  ]);
  if (chosen !== all) sheet.take({ registry: [chosen] });
  return undefined;
};
