import type { PrincipalCandidate, PrincipalCandidates } from "../../../core/choices/principal-candidates.ts";
import { isGuid } from "../../../domain/names.ts";
import { setupOptions } from "../options.ts";
import type { Choice } from "../../ask/prompter.ts";
import {
  noteWhenKnown,
  unlistedWarning,
  registryOptions,
  type SetupQuestionParts,
  type SetupQuestion,
  azureOptions,
} from "./question.ts";
import type { PasswordPolicy } from "../../../domain/password-policy.ts";
import { formatDuration } from "../../../domain/duration.ts";
import { lifetime } from "../../options/option-values.ts";

/** The value of the choice that names no principal. */
const own = "";

/** Asks which service principal: one for only this registry and cluster, or an existing one. */
export function principalQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<PrincipalCandidates> {
  return {
    id: "principal",
    subject: "the service principal",
    options: ["servicePrincipal"],
    settledBy: ["servicePrincipal", "applicationName"],
    dependsOn: registryOptions,
    fetched: "early",
    applies: () => true,
    async look(answers) {
      const [principals, { caller }] = await Promise.all([
        lookups.principals(answers),
        lookups.signedIn(answers),
      ]);
      // The caller's own principal is not offered: the cluster must not get its password.
      const candidates = principals.candidates.filter(({ objectId }) => objectId !== caller.objectId);
      return { ...principals, candidates };
    },
    expect: () => ({ servicePrincipal: [] }),
    async ask({ answers, data, previous, canGoBack }) {
      noteWhenKnown(prompter, data, ({ unlisted }) =>
        unlisted
          ? [
              unlistedWarning(
                "The service principals with a role on the registry",
                unlisted,
                "type a name to search, or an id",
              ),
            ]
          : [],
      );
      const reply = await prompter.choose({
        message: setupOptions.servicePrincipal.question ?? "",
        canGoBack,
        loading: "Checking which service principals hold a role on the registry",
        choices: data.then(({ candidates }) => [ownChoice, ...candidates.map(candidateChoice)]),
        preselected: previous["servicePrincipal"]?.[0] ?? own,
        typed: (text) => (isGuid(text) ? { value: text, label: `use ${text}` } : undefined),
        search: async (text, signal) => {
          const { directory } = await lookups.azure(answers);
          const found = await directory.searchApplications(text, signal);
          return found.map(({ appId, displayName }) =>
            sharedChoice(appId, displayName, "an application of the tenant"),
          );
        },
        check: async (appId, signal) => {
          if (appId === own) return undefined;
          const { directory } = await lookups.azure(answers);
          const { length } = await directory.findApplications(appId, signal);
          return length > 0 ? undefined : "No application of this tenant has that id.";
        },
      });
      if (reply.kind === "back") return reply;
      return { kind: "answer", value: { servicePrincipal: reply.value === own ? [] : [reply.value] } };
    },
  };
}

const ownChoice: Choice = {
  value: own,
  label: "its own",
  detail: "only for this registry and cluster",
  explanation:
    "Made now, or reused if acr-pull made it before. If the secret is stolen, you cut off only this cluster.",
};

function candidateChoice({ appId, displayName, ours, roles }: PrincipalCandidate): Choice {
  return sharedChoice(appId, displayName, `${ours ? "made by acr-pull, " : ""}holds ${roles.join(", ")}`);
}

function sharedChoice(appId: string, displayName: string, what: string): Choice {
  return {
    value: appId,
    label: displayName,
    detail: `${what}, ${appId}`,
    explanation:
      "It is shared on purpose: it keeps its other passwords, and its role assignment applies to everybody who uses it.",
  };
}

type TenantPolicy = PasswordPolicy | undefined;

const usual = setupOptions.expiresInMs.fallback ?? "max";
const offered = [usual, "30d", "90d", "365d", "max"];

/** Asks how long a new password lives, within what the tenant allows. */
export function lifetimeQuestion({ lookups, prompter }: SetupQuestionParts): SetupQuestion<TenantPolicy> {
  return {
    id: "lifetime",
    subject: "the password's lifetime",
    options: ["expiresInMs"],
    settledBy: ["expiresInMs"],
    dependsOn: azureOptions,
    fetched: "early",
    applies: () => true,
    look: (answers) => lookups.passwordPolicy(answers),
    expect: (policy) => ({ expiresInMs: [offered.find((text) => isAllowed(text, policy)) ?? "max"] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: setupOptions.expiresInMs.question ?? "",
        intro: ["A password that is already in use keeps its own end."],
        canGoBack,
        loading: "Checking what the tenant allows",
        choices: data.then(lifetimeChoices),
        preselected: previous["expiresInMs"]?.[0],
        typed: (text) => (lifetime(text) === undefined ? undefined : { value: text, label: text }),
        check: async (text) => refusal(text, await data),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { expiresInMs: [reply.value] } };
    },
  };
}

function lifetimeChoices(policy: TenantPolicy): Choice[] {
  return offered
    .filter((text) => isAllowed(text, policy))
    .map((text) => ({
      value: text,
      label: text === "max" ? "max" : `${Number.parseInt(text, 10)} days`,
      detail:
        text === "max"
          ? `as long as the tenant allows${limitOf(policy)}`
          : text === usual
            ? "the default"
            : undefined,
    }));
}

function limitOf(policy: TenantPolicy): string {
  return policy?.longestLifeMs === undefined ? "" : `: ${formatDuration(policy.longestLifeMs)}`;
}

function isAllowed(text: string, policy: TenantPolicy): boolean {
  return refusal(text, policy) === undefined;
}

function refusal(text: string, policy: TenantPolicy): string | undefined {
  const life = lifetime(text);
  if (life === "max" || policy?.longestLifeMs === undefined || life <= policy.longestLifeMs) return undefined;
  return `The tenant allows at most ${formatDuration(policy.longestLifeMs)}.`;
}
