import { dump } from "js-yaml";
import { imageText } from "../../domain/image-name.ts";
import type { SetupInput, SetupResult } from "../../core/setup/contract.ts";
import type { RequestedRole } from "../../domain/role.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";

const allows: Readonly<Record<RequestedRole, string>> = {
  acrpull: "pull images from",
  acrpush: "pull images from, and push them to,",
  owner: "do anything to",
};

/** What was made, in one sentence each for somebody who has met none of it before. */
export function meaningLines(
  { servicePrincipals, roleAssignments }: SetupResult,
  { knownPassword }: Pick<SetupInput, "knownPassword">,
  width: number,
): Line[] {
  const shared = servicePrincipals.some(({ action }) => action === "reused");
  const many = servicePrincipals.length > 1 ? "each cluster" : "this cluster";
  const role = roleAssignments.find(({ action }) => action !== "removed");
  const where = role?.condition === null ? "this registry" : "the named repositories of this registry";
  const sentences = [
    shared
      ? "Principal: the account in Entra that you named. The cluster signs in as it, not as you."
      : `Principal: an account in Entra for ${many} alone. It signs in as that, not as you.`,
    ...(role
      ? [`Role: lets that account ${allows[role.requestedRole]} ${where}, and gives it no other right.`]
      : []),
    `Secret: holds ${knownPassword ? "the password that you gave" : "that account's password"}. The node reads it to pull a Pod's image.`,
  ];
  return [
    [toned("strong", "What these are:")],
    ...sentences.flatMap((sentence) => wrapped(sentence, width, 2)),
  ];
}

/** A Pod that pulls with the secret, and which Pods need not name it. */
export function podLines(
  { registry, secrets, serviceAccounts }: SetupResult,
  { secretName, image }: Pick<SetupInput, "secretName" | "image">,
  width: number,
): Line[] {
  const name = image ? imageText({ ...image, tag: image.tag ?? "latest" }) : "my-awesome-app:v1";
  const reference = `${registry.loginServer}/${name}`;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "my-awesome-app-pod",
      namespace: secrets.find(({ error }) => error === undefined)?.namespace ?? "default",
    },
    spec: {
      containers: [{ name: "main-app-container", image: reference }],
      imagePullSecrets: [{ name: secretName }],
    },
  };
  const yaml = dump(pod, { lineWidth: -1 }).trimEnd().split("\n");
  // An example that nobody named is not there to be pulled.
  const remarked = yaml.map((line) =>
    !image && line.trim() === `image: ${reference}` ? `${line} # your image` : line,
  );
  const linked = serviceAccounts.filter(({ error }) => error === undefined);
  return [
    [toned("strong", "A Pod that uses it:")],
    ...remarked.map((line) => `  ${line}`),
    ...(linked.length > 0 ? ["", ...linkedLines(new Set(linked.map((one) => one.name)), width)] : []),
  ];
}

/**
 * The API server copies the account's list into a Pod when the Pod is made, and never again.
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account
 */
function linkedLines(names: ReadonlySet<string>, width: number): string[] {
  const accounts = `the service ${names.size === 1 ? "account" : "accounts"} ${[...names].join(", ")}`;
  const sentence = names.has("default")
    ? "The Pod above need not name the secret: the service account default, as which a Pod runs that names no other, hands it over."
    : `New Pods of ${accounts} need not name the secret.`;
  const others = [...names].filter((name) => name !== "default");
  const more = names.has("default") && others.length > 0 ? ` So does ${others.join(", ")}.` : "";
  return wrapped(
    `${sentence}${more} Pods made before do not get it: make them anew, for example with kubectl rollout restart.`,
    width,
  );
}
