import { hasChanges } from "../../../core/plan.ts";
import { lookAhead, type Preview } from "../../../core/setup/flow.ts";
import { onlyRegistry } from "../../../core/setup/find-registry.ts";
import { BusyError } from "../../../core/turn/busy.ts";
import { askContexts, askSignIn } from "../../ask/places.ts";
import type { Questions } from "../../flow-command.ts";
import { UsageError } from "../../options/answers.ts";
import type { SetupTypes, WholeAnswers } from "../options.ts";
import { askForChange, askRole } from "./changes.ts";
import { askHowToGoOn } from "./failure.ts";
import { askNamespaces } from "./namespaces.ts";
import { askRegistry, listRegistries } from "./registry.ts";
import { askReview } from "./review.ts";
import { warn, type SetupTalk } from "./talk.ts";

const opening = (attach: boolean) => [
  attach
    ? "Lets the nodes of an AKS cluster pull images from an Azure Container Registry, with no secret."
    : "Gives namespaces of a Kubernetes cluster a secret that pulls images from an Azure Container Registry.",
  "Nothing is written before you agree to the plan. Ctrl-C stops.",
];

/** Asks for the registry and the places that pull, and then for a yes to the plan, which can be changed. */
export const askForSetup: Questions<SetupTypes> = async (talk) => {
  const { sheet, connections } = talk;
  const { attach, dryRun, yes, kubeconfig } = sheet.answers;
  if (yes || dryRun) {
    // Nothing can be done without these. All else has a default.
    if (!sheet.has("registry")) await askRegistry(talk);
    if (!dryRun) await askOwnerConsent(talk, undefined);
    return undefined;
  }
  // Without a context, every answer would be in vain.
  const contexts = await connections.contexts(kubeconfig);
  talk.open(opening(attach));
  const { auth } = sheet.answers;
  // Begun before it is known who is signed in: the Azure CLI takes its time for each token.
  const listing = sheet.has("registry") ? undefined : listRegistries(talk);
  listing?.catch(() => {});
  await askSignIn(talk, sheet.answers, (request) => connections.azure(request));
  if (listing) await askRegistry(talk, sheet.answers.auth === auth ? listing : undefined);
  if (!sheet.has("contexts")) await askContexts(talk, contexts);
  // Its plan is short, and is shown by the code that asks for a yes.
  if (attach) return undefined;
  if (!sheet.has("namespaces", "namespaceSelector")) await askNamespaces(talk);
  return await askUntilAgreed(talk);
};

/** Shows the plan, and changes what the person wants to have changed, until there is a yes or a no. */
async function askUntilAgreed(talk: SetupTalk): Promise<Preview | undefined> {
  let preview: Preview | undefined;
  let isToChange = false;
  for (;;) {
    try {
      if (isToChange) await askForChange(talk, preview);
      await askOwnerConsent(talk, preview);
      preview = undefined;
      preview = await talk.wait("Checking what exists and what has to change", planAhead(talk));
      if (!preview || !hasChanges(preview.plan.changes)) return preview;
      const reply = await askReview(talk, preview);
      if (reply === "yes") return preview;
      if (reply === "no") throw new UsageError("Not agreed to, so nothing was done.", "setup.declined");
      isToChange = true;
    } catch (error) {
      isToChange = await askHowToGoOn(talk, error);
    }
  }
}

/** What setup would do; undefined while another run is at work: only a later look shows what is left to do. */
async function planAhead({ sheet, inputOf, portsOf, context }: SetupTalk): Promise<Preview | undefined> {
  const answers = sheet.answers as WholeAnswers;
  const ports = await portsOf(answers);
  try {
    return await lookAhead(inputOf(answers), ports, context.view.report, context.signal);
  } catch (error) {
    if (error instanceof BusyError) return undefined;
    throw error;
  }
}

/** A role that may do anything needs more than a yes: the person types the registry's name. */
async function askOwnerConsent(talk: SetupTalk, preview: Preview | undefined): Promise<void> {
  const { sheet, prompter, connections, context } = talk;
  while (sheet.answers.role === "owner" && sheet.answers.allowPrivilegedRole === undefined) {
    const { registry, subscription } = sheet.answers as WholeAnswers;
    const { registries } = await connections.azure(sheet.answers);
    const found = await registries.findRegistries(registry, { subscription }, context.signal);
    const { name } = onlyRegistry(found, { registry, subscription });
    warn(
      talk,
      `Owner of ${name} may delete its images, change its settings and give others access to it. Everybody who can read the secret in the cluster could do so. To pull, acrpull is enough.`,
    );
    const typed = await prompter.text(
      "Type the registry's name to make the cluster its owner:",
      "",
      (text) =>
        text === "" || text === name
          ? undefined
          : `That is not ${name}. Leave it empty to choose another role.`,
    );
    if (typed === name) sheet.take({ allowPrivilegedRole: ["owner"] });
    else await askRole(talk, preview);
  }
}
