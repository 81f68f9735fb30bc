import type { SecretObject } from "./kubernetes-objects.ts";
import { reconcilerOf } from "./reconciler.ts";

/** Who writes a token into a pull secret, and so who has to renew it. */
export type TokenWriter =
  /** With the name of its AcrPullBinding. */
  | { readonly kind: "msi-acrpull"; readonly name: string | undefined }
  /** With the name of the ExternalSecret, whose generator is an ACRAccessToken. */
  | { readonly kind: "external-secrets"; readonly name: string | undefined }
  /** Another controller, which copies or applies the secret. */
  | { readonly kind: "controller"; readonly name: string }
  /** No known controller: a person or somebody's job wrote it, by these field managers. */
  | { readonly kind: "by-hand"; readonly managers: readonly string[] };

/**
 * Who writes a secret that holds a token.
 * Source: https://github.com/Azure/msi-acrpull (internal/controller)
 * and https://external-secrets.io/latest/api/generator/acr/
 */
export function tokenWriterOf(secret: SecretObject): TokenWriter {
  const { labels, annotations, ownerReferences, managers } = secret;
  const owner = (kind: string) => ownerReferences.find((one) => one.kind.toLowerCase() === kind)?.name;
  const binding = labels["acr.microsoft.com/binding"] ?? owner("acrpullbinding");
  if (binding !== undefined || "acr.microsoft.com/token.expiry" in annotations) {
    return { kind: "msi-acrpull", name: binding };
  }
  const external = owner("externalsecret");
  const reconciler = reconcilerOf(secret)?.controller;
  if (external !== undefined || reconciler === "External Secrets") {
    return { kind: "external-secrets", name: external };
  }
  return reconciler === undefined ? { kind: "by-hand", managers } : { kind: "controller", name: reconciler };
}
