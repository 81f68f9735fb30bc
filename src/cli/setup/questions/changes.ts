import {
  findPrincipalCandidates,
  type PrincipalCandidate,
} from "../../../core/choices/principal-candidates.ts";
import type { Preview } from "../../../core/setup/flow.ts";
import { isGuid } from "../../../domain/names.ts";
import { requestedRoles, rolesFor, type RequestedRole } from "../../../domain/role.ts";
import { askContexts } from "../../ask/places.ts";
import type { Choice } from "../../ask/prompter.ts";
import { brokenRule, type OptionDefinition } from "../../options/option.ts";
import { setupOptions } from "../options.ts";
import { askNamespaces } from "./namespaces.ts";
import { askRegistry } from "./registry.ts";
import { separated, warn, type SetupTalk } from "./talk.ts";

/** Something that can be changed about a plan. */
interface Change {
  readonly label: string;
  /** @param preview what was planned before; undefined if there is no plan */
  readonly ask: (talk: SetupTalk, preview: Preview | undefined) => Promise<void>;
}

const changes: readonly Change[] = [
  { label: "registry", ask: (talk) => askRegistry(talk) },
  { label: "cluster", ask: askClusters },
  { label: "namespaces", ask: askNamespaces },
  { label: "principal", ask: askPrincipal },
  { label: "role", ask: askRole },
  { label: "repositories", ask: askRepositories },
  { label: "secret name", ask: askSecretName },
  { label: "service accounts", ask: askServiceAccounts },
  { label: "lifetime of the password", ask: askLifetime },
];

/** Asks what to change about a plan, and then for that. */
export async function askForChange(talk: SetupTalk, preview: Preview | undefined): Promise<void> {
  const choices = changes.map(({ label }) => ({ value: label, label }));
  const chosen = await talk.prompter.choose("What should be different?", choices);
  await changes.find(({ label }) => label === chosen)?.ask(talk, preview);
}

async function askClusters(talk: SetupTalk): Promise<void> {
  const { sheet, connections } = talk;
  await askContexts(talk, await connections.contexts(sheet.answers.kubeconfig));
  // Another cluster has other namespaces.
  await askNamespaces(talk);
}

/** The value of the choice that names no principal. */
const own = "";

/** Asks which service principal: one for only this registry and cluster, or an existing one. */
async function askPrincipal(talk: SetupTalk, preview: Preview | undefined): Promise<void> {
  const { sheet, prompter, connections, context, wait } = talk;
  const { directory, roles } = await connections.azure(sheet.answers);
  const registry = preview?.found.registry;
  const { candidates, unlisted } = registry
    ? await wait(
        "Checking which service principals hold a role on the registry",
        findPrincipalCandidates({ registry }, { directory, roles }, context.signal),
      )
    : { candidates: [], unlisted: undefined };
  if (unlisted)
    warn(talk, "The service principals of the registry may not be listed: type a name to search, or an id.");
  // The caller's own principal is not offered: the cluster must not get its password.
  const others = candidates.filter(({ objectId }) => objectId !== preview?.found.caller?.objectId);
  const find = async (text: string, stopped: AbortSignal): Promise<Choice[]> => {
    if (isGuid(text)) return [{ value: text, label: `use ${text}` }];
    const found = await directory.searchApplications(text, stopped);
    return found.map(({ appId, displayName }) => ({ value: appId, label: displayName, detail: appId }));
  };
  const chosen = await prompter.search(
    "Which service principal pulls (type to search the tenant)?",
    [
      { value: own, label: "its own", detail: "only for this registry and cluster" },
      ...others.map(candidateChoice),
    ],
    find,
    sheet.texts("servicePrincipal")[0],
  );
  if (chosen === own) sheet.take({ servicePrincipal: [] });
  else sheet.take({ servicePrincipal: [chosen] }, ["applicationName"]);
}

function candidateChoice({ appId, displayName, ours, roles }: PrincipalCandidate): Choice {
  const what = `${ours ? "made by acr-pull, " : ""}holds ${roles.join(", ")}`;
  return { value: appId, label: displayName, detail: `${what}, ${appId}` };
}

const means: Readonly<Record<RequestedRole, string>> = {
  acrpull: "pulls images",
  acrpush: "also pushes: who reads the secret can replace an image",
  owner: "may do anything: delete images, give others access",
};

/** Asks which role, by its name and by what it means on this registry. */
export async function askRole({ sheet, prompter }: SetupTalk, preview: Preview | undefined): Promise<void> {
  const registry = preview?.found.registry;
  const choices = requestedRoles.map((role): Choice => {
    const names = registry ? rolesFor(role, registry.roleAssignmentMode).map(({ name }) => name) : [];
    const granted = names.length > 0 ? ` (${names.join(" and ")})` : "";
    return { value: role, label: role, detail: `${means[role]}${granted}` };
  });
  const present = sheet.answers.role ?? preview?.found.jobs[0]?.identity?.roles.requested;
  sheet.take({
    role: [await prompter.choose("What may the cluster do with the registry?", choices, present)],
  });
}

/** Asks which repositories, on a registry whose roles can be limited to some. */
async function askRepositories(talk: SetupTalk): Promise<void> {
  await askSeveral(
    talk,
    "repositories",
    setupOptions.repositories,
    "Which repositories, with commas between (team/*, * for all)?",
  );
}

async function askServiceAccounts(talk: SetupTalk): Promise<void> {
  await askSeveral(
    talk,
    "serviceAccounts",
    setupOptions.serviceAccounts,
    "Which service accounts use the secret, with commas between?",
  );
}

/** Asks for names between commas. An empty answer leaves the option out. */
async function askSeveral(
  { sheet, prompter }: SetupTalk,
  name: "repositories" | "serviceAccounts",
  option: OptionDefinition<unknown>,
  message: string,
): Promise<void> {
  const problem = (text: string) => {
    const broken = separated(text).find((one) => brokenRule(option, one) !== undefined);
    return broken === undefined ? undefined : `${broken} ${brokenRule(option, broken)}.`;
  };
  const text = await prompter.text(message, sheet.texts(name).join(", "), problem);
  sheet.take({ [name]: separated(text) });
}

async function askSecretName({ sheet, prompter }: SetupTalk): Promise<void> {
  const option = setupOptions.secretName;
  const name = await prompter.text(
    "What should the pull secret be called?",
    sheet.answers.secretName,
    (text) => {
      const rule = brokenRule(option, text);
      return rule === undefined ? undefined : `The name ${rule}.`;
    },
  );
  sheet.take({ secretName: [name] });
}

/** Asks how long a new password lives. The plan says what the tenant does not allow. */
async function askLifetime({ sheet, prompter }: SetupTalk): Promise<void> {
  const option = setupOptions.expiresInMs;
  const usual = sheet.texts("expiresInMs")[0] ?? option.fallback ?? "max";
  const message = "How long does a new password live (90d, max)?";
  const life = await prompter.text(message, usual, (text) => {
    const rule = brokenRule(option, text);
    return rule === undefined ? undefined : `It ${rule}.`;
  });
  sheet.take({ expiresInMs: [life] });
}
