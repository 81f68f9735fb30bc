import { ActionableError } from "../../domain/errors.ts";
import type { Caller } from "../../domain/identity.ts";
import { azureSignIn, type AzureConnection, type AzureSignIn, type KubeContexts } from "../connections.ts";
import type { FlowTypes, Talk } from "../flow-command.ts";
import { InterruptedError } from "../interruption.ts";
import { brokenRule } from "../options/option.ts";
import { clusterOptions } from "../options/shared-options.ts";
import type { Choice } from "./prompter.ts";

const question = "Sign in to Azure as";

/** Who is signed in, and how. */
interface SignedIn {
  readonly caller: Caller;
  readonly method: AzureConnection["method"];
}

/** Opens the part of Azure that a command needs. */
type SignIn = (request: AzureSignIn) => Promise<{
  readonly directory: { caller(signal: AbortSignal): Promise<Caller> };
  readonly method: AzureConnection["method"];
}>;

const by: Readonly<Record<SignedIn["method"], string>> = {
  cli: "by the Azure CLI",
  environment: "by environment variables",
  "workload-identity": "by this pod's workload identity",
  "managed-identity": "by this machine's managed identity",
  github: "by this job of GitHub Actions",
  "azure-pipelines": "by this job of Azure Pipelines",
  "device-code": "by a code",
  browser: "by a browser",
};

/** Sign-ins in which a person takes part. They begin only when they are chosen. */
const personal: readonly Choice[] = [
  { value: "device-code", label: "a work account, with a code", detail: "in the browser of any device" },
  { value: "browser", label: "a work account", detail: "in a browser on this machine" },
];

/** Says who is signed in. Asks which account to use where nobody is, or where it is not clear who is meant. */
export async function askSignIn<Types extends FlowTypes>(
  { sheet, prompter, context, wait }: Talk<Types>,
  request: AzureSignIn,
  signIn: SignIn,
): Promise<void> {
  if (sheet.has("auth")) return;
  const { report } = context.view;
  const recognise = async (auth: "auto" | "cli"): Promise<SignedIn | ActionableError> => {
    try {
      const { directory, method } = await signIn(azureSignIn({ ...request, auth }));
      return { caller: await directory.caller(context.signal), method };
    } catch (error) {
      if (error instanceof ActionableError && !(error instanceof InterruptedError)) return error;
      throw error;
    }
  };
  const usual = await wait("Checking who is signed in", recognise("auto"));
  if (usual instanceof ActionableError) {
    report({ kind: "note", level: "warning", text: [usual.message, usual.hint].join(" ").trim() });
    const cli = { value: "cli", label: "the account of the Azure CLI", detail: "after az login elsewhere" };
    sheet.take({ auth: [await prompter.choose(question, [...personal, cli])] });
    return;
  }
  const cli = usual.method === "cli" ? usual : await wait("Checking who is signed in", recognise("cli"));
  const isClear = cli instanceof ActionableError || cli.caller.objectId === usual.caller.objectId;
  if (isClear) {
    const text = `Signed in as ${nameOf(usual)}, ${by[usual.method]}`;
    report({ kind: "note", level: "info", text });
    return;
  }
  const found = [usual, cli].map((one) => ({
    value: one.method,
    label: nameOf(one),
    detail: by[one.method],
  }));
  sheet.take({ auth: [await prompter.choose(question, [...found, ...personal])] });
}

function nameOf({ caller }: SignedIn): string {
  return `${caller.kind === "user" ? "" : "service principal "}${caller.name}`;
}

/** Asks which clusters, by the contexts of the kubeconfig, if it has several; the current one first. */
export async function askContexts<Types extends FlowTypes>(
  { sheet, prompter }: Talk<Types>,
  { current, contexts }: KubeContexts,
): Promise<void> {
  const [first] = contexts;
  if (contexts.length === 1 && first && first.name === current) return;
  const choices = contexts
    .toSorted((left, right) => Number(right.name === current) - Number(left.name === current))
    .map(({ name, server }): Choice => {
      const details = [...(name === current ? ["current"] : []), ...(server === undefined ? [] : [server])];
      // A kubeconfig may hold any name, and only those that the option accepts can be chosen.
      const rule = brokenRule(clusterOptions.contexts, name);
      const disabled = rule === undefined ? undefined : `its name ${rule}`;
      return { value: name, label: name, detail: details.join(", ") || undefined, disabled };
    });
  const given = sheet.texts("contexts");
  const ticked = given.length > 0 ? given : [current ?? first?.name ?? ""];
  sheet.take({
    contexts: await prompter.chooseSeveral("Which clusters, by their kubeconfig contexts?", choices, ticked),
  });
}
