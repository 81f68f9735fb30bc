import type { SecretObject } from "./kubernetes-objects.ts";
import { reconcilerOf } from "./reconciler.ts";

/** Who writes a token into a pull secret, and with that who has to renew it. */
export type TokenWriter =
  /** Its binding, by name. */
  | { readonly kind: "msi-acrpull"; readonly name: string | undefined }
  /** The ExternalSecret, by name, whose generator is an ACRAccessToken. */
  | { readonly kind: "external-secrets"; readonly name: string | undefined }
  /** Another controller, which copies the secret or brings it along. */
  | { readonly kind: "controller"; readonly name: string }
  /** Nobody who is known to write it again: a person, or a job of somebody's; by its field managers. */
  | { readonly kind: "by-hand"; readonly managers: readonly string[] };

/**
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
