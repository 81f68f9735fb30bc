import { dump } from "js-yaml";
import type { Action } from "../../core/plan.ts";
import type { SetupPlan, SetupResult } from "../../core/setup/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { imageText } from "../../domain/image-name.ts";
import type { RequestedRole } from "../../domain/role.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { Ended, FlowText, Setting } from "../show/answer.ts";
import { paragraphs, targetLines, type ShownTarget } from "../show/lines.ts";
import type { ShownPlan } from "../show/plan-lines.ts";
import { registryText } from "../show/registry-text.ts";
import { labelLines } from "../show/table.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { attachedLines, attachLines } from "./attach-text.ts";
import type { SetupAnswers } from "./options.ts";
import { firstEnd, laterLines, renewalLines } from "./renewal.ts";

/**
 * How `setup` words its plan and its result: what was made, until when it is valid, how to use it, and the command that
 * does the same.
 */
export const setupText: FlowText<SetupAnswers, SetupPlan, SetupResult> = {
  plan: shownPlan,
  lines: (result, setting) =>
    result.attachments ? attachLines(result, result.attachments, setting) : resultLines(result, setting),
  troubles: (result, setting) => (setting.exitCode === exitCode.ok ? [] : troubleLines(result, setting)),
};

/** The plan of `setup` as it is shown, with the registry that it is for. */
export function shownPlan({
  registry,
  manifest,
  changes,
  warnings,
  leftOut,
  changesRights,
}: SetupPlan): ShownPlan {
  const title = `Plan for ${registryText(registry.name, registry.loginServer)}`;
  const targets = leftOut.map((secret) => ({ ...secret, kind: "secret" }));
  const fields = { registry, ...(manifest !== undefined && { manifest }) };
  return { title, changes, warnings, leftOut: targets, cautious: changesRights, fields };
}

/** Ends with what the last screen must show: who can pull until when, how a Pod does so, how to renew the password. */
function resultLines(result: SetupResult, setting: Setting<SetupAnswers> & Ended): Line[] {
  const { answers, width } = setting;
  const standing = standingLines(result, width);
  // The reason why it stopped also says how to continue.
  if (setting.stopped) return standing;
  const head = headLines(result, width);
  if (written(result).length === 0) return paragraphs([head, standing]);
  return paragraphs([
    standing,
    // A person who adds a namespace has read it before.
    isFirst(result) ? meaningLines(result, answers.passwordStdin, width) : [],
    ...laterLines(result, setting),
    head,
    podLines(result, answers),
    linkedLines(result, width),
    ...renewalLines(result, setting),
  ]);
}

function troubleLines(result: SetupResult, { width }: Pick<Setting<SetupAnswers>, "width">): Line[] {
  return result.attachments ? attachedLines(result, result.attachments, width) : standingLines(result, width);
}

/** What exists now, in Azure and in the clusters. */
function standingLines(result: SetupResult, width: number): Line[] {
  return [...madeLines(result, width), "", ...targetLines(targetsOf(result), width)];
}

function written({ secrets }: SetupResult): SetupResult["secrets"] {
  return secrets.filter(({ error, action }) => error === undefined && action !== "skipped");
}

/** Whether anything is different from before. */
function isChanged(result: SetupResult): boolean {
  const standing: readonly Action[] = ["unchanged", "reused", "kept"];
  return thingsIn(result).some(({ action }) => !standing.includes(action));
}

function thingsIn(result: SetupResult): ReadonlyArray<{ readonly action: Action }> {
  const { servicePrincipals, roleAssignments, credentials, namespaces, secrets, serviceAccounts } = result;
  return [servicePrincipals, roleAssignments, credentials, namespaces, secrets, serviceAccounts].flat();
}

/** Whether something is new, including the principal. An older one was explained when the cluster got it. */
function isFirst(result: SetupResult): boolean {
  return isChanged(result) && result.servicePrincipals.some(({ action }) => action !== "unchanged");
}

/** One sentence that says who can pull what, and until when; nothing if that is not known. */
function headLines(result: SetupResult, width: number): Line[] {
  if (result.manifest !== undefined) return manifestLines(result, result.manifest, width);
  const { registry } = result;
  const places = written(result).map(({ context, namespace }) => `${context}/${namespace}`);
  if (result.verification.status !== "passed" || places.length === 0) return [];
  const who = places.length === 1 ? places.join() : `${places.length} namespaces`;
  const end = firstEnd(result);
  const until = end === undefined ? "" : ` until ${end}`;
  const before = isChanged(result) ? "" : "Nothing had to be changed: ";
  const sentence = `${before}${who} can pull from ${registryText(registry.name, registry.loginServer)}${until}.`;
  const [first = "", ...more] = wrapped(sentence, width - 2);
  return [[toned("good", "✓"), " ", toned("strong", first)], ...more.map((line) => `  ${line}`)];
}

/** What the manifest holds, and what must happen to it before anybody can pull. */
function manifestLines(result: SetupResult, manifest: string, width: number): Line[] {
  const documents = [...result.secrets, ...result.serviceAccounts].filter(({ error }) => error === undefined);
  const isWritten = documents.some(({ action }) => action === "created" || action === "updated");
  const end = firstEnd(result);
  const until = end === undefined ? "" : ` until ${end}`;
  const count = `${documents.length} ${documents.length === 1 ? "document" : "documents"}`;
  const sentence = isWritten
    ? `Wrote ${count} to ${manifest}. When they are applied, their namespaces can pull from ${result.registry.loginServer}${until}.`
    : `Nothing had to be changed: ${manifest} holds ${count}, valid${until}.`;
  const next = isWritten
    ? wrapped(
        `Next: commit ${manifest} and let your GitOps controller sync it, or run: kubectl apply --server-side -f ${shellQuote(manifest)}`,
        width,
        2,
      )
    : [];
  const [first = "", ...more] = wrapped(sentence, width - 2);
  return [[toned("good", "✓"), " ", toned("strong", first)], ...more.map((line) => `  ${line}`), ...next];
}

/** One line for each thing in Azure. */
function madeLines(result: SetupResult, width: number): Line[] {
  const { registry, servicePrincipals, roleAssignments, credentials, verification } = result;
  const mode = registry.roleAssignmentMode === "AbacRepositoryPermissions" ? ", in ABAC mode" : "";
  // With several clusters, each has its own principal.
  const of = ({ context }: { readonly context: string }) =>
    servicePrincipals.length > 1 ? ` (${context})` : "";
  const rows = [
    ["Registry", `${registryText(registry.name, registry.loginServer)}${mode}`, ""],
    ...servicePrincipals.map((one) => ["Principal", `${one.displayName ?? one.appId}${of(one)}`, one.action]),
    ...roleAssignments.map((one) => [
      "Role",
      `${one.role}${one.condition === null ? "" : ", on some repositories"}${of(one)}`,
      one.action,
    ]),
    ...result.extraRoles.map(({ role }) => ["Role", `${role}, granted by somebody else`, "kept"]),
    ...credentials.map((one) => [
      "Password",
      `${one.expiresAt === null ? "end unknown" : `valid until ${one.expiresAt.slice(0, 10)}`}, key ${one.keyId ?? "unknown"}${of(one)}`,
      one.action,
    ]),
    ...result.keptKeys.map(({ keyId, reason }) => ["Password", `key ${keyId}: ${reason}`, "kept"]),
    ...result.namespaces.map(({ context, namespace, action }) => [
      "Namespace",
      `${context}/${namespace}`,
      action,
    ]),
    [
      "Proof",
      (verification.reason && unproven[verification.reason]) ??
        { passed: "can pull", failed: "cannot pull", skipped: "not tried" }[verification.status],
      verification.status,
    ],
  ];
  return labelLines(rows, width);
}

/** Why no pull was tried, by the reason in the document. */
const unproven: Readonly<Record<string, string>> = {
  "not-reached": "not tried",
  sealed: "not tried: the password is sealed",
  "registry-unreachable": "Entra signs it in; no pull tried",
};

function targetsOf({ secrets, serviceAccounts }: SetupResult): ShownTarget[] {
  return [
    ...secrets.map((secret) => ({ ...secret, kind: "secret" })),
    ...serviceAccounts.map((account) => ({ ...account, kind: "service account" })),
  ];
}

const allows: Readonly<Record<RequestedRole, string>> = {
  acrpull: "pull images from",
  acrpush: "pull images from, and push them to,",
  owner: "do anything to",
};

/** What was made, with one sentence for each thing, for somebody who has never met any of it. */
function meaningLines(
  { servicePrincipals, roleAssignments }: SetupResult,
  isGiven: boolean,
  width: number,
): Line[] {
  const shared = servicePrincipals.some(({ action }) => action === "reused");
  const many = servicePrincipals.length > 1 ? "one for each cluster" : "only for this cluster";
  const role = roleAssignments.find(({ action }) => action !== "removed");
  const where = role?.condition === null ? "this registry" : "the named repositories of this registry";
  const sentences = [
    shared
      ? "Principal: the account in Entra that you named. The cluster signs in as it, not as you."
      : `Principal: an account in Entra, ${many}. The cluster signs in as it, not as you.`,
    ...(role
      ? [`Role: lets that account ${allows[role.requestedRole]} ${where}, and gives it no other right.`]
      : []),
    `Secret: holds ${isGiven ? "the password that you gave" : "that account's password"}. The node reads it to pull a Pod's image.`,
  ];
  return [
    [toned("strong", "What these are:")],
    ...sentences.flatMap((sentence) => wrapped(sentence, width, 2)),
  ];
}

/** What a Pod must contain to pull with the secret. */
function podLines(
  { registry }: SetupResult,
  { secretName, image }: Pick<SetupAnswers, "secretName" | "image">,
): Line[] {
  const name = image ? imageText({ ...image, tag: image.tag ?? "latest" }) : "my-awesome-app:v1";
  const reference = `${registry.loginServer}/${name}`;
  const spec = {
    containers: [{ name: "main-app-container", image: reference }],
    imagePullSecrets: [{ name: secretName }],
  };
  const yaml = dump({ spec }, { lineWidth: -1 }).trimEnd().split("\n");
  // An image that nobody named is only an example, and cannot be pulled.
  const remarked = yaml.map((line) =>
    !image && line.trim() === `image: ${reference}` ? `${line} # your image` : line,
  );
  return [[toned("strong", "How a Pod uses it:")], ...remarked.map((line) => `  ${line}`)];
}

/**
 * Which Pods do not have to name the secret.
 * The API server copies the account's list into a Pod when the Pod is made, and never again.
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account
 */
function linkedLines({ serviceAccounts }: SetupResult, width: number): string[] {
  const linked = serviceAccounts.filter(({ error }) => error === undefined);
  const names = new Set(linked.map(({ name }) => name));
  if (names.size === 0) return [];
  const accounts = `the service ${names.size === 1 ? "account" : "accounts"} ${[...names].join(", ")}`;
  const sentence = names.has("default")
    ? "The Pod above does not have to name the secret: it runs as the service account default, which passes the secret on."
    : `New Pods of ${accounts} do not have to name the secret.`;
  const others = [...names].filter((name) => name !== "default");
  const more = names.has("default") && others.length > 0 ? ` So does ${others.join(", ")}.` : "";
  return wrapped(
    `${sentence}${more} Existing Pods do not get it: recreate them, for example with kubectl rollout restart.`,
    width,
  );
}
