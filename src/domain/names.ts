import { registryHostOf } from "./login-server.ts";
import type { RegistryReference } from "./registry.ts";

/*
 * The services' own rules for names, so that bad input is refused before any request. Every function returns the name
 * in the form to use, and throws RangeError with the rule that it breaks.
 */

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const registryResourceId =
  /^\/subscriptions\/(?<subscription>[^/]+)\/resourceGroups\/(?<group>[^/]+)\/providers\/Microsoft\.ContainerRegistry\/registries\/(?<name>[^/]+)$/i;
const hostAndPort = /^(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?<port>\d{1,5}))?$/;
const repository = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const labelRequirement =
  /^(?:!\s*(?<absent>[^\s!=(),]+)|(?<key>[^\s!=(),]+)(?:\s*(?:==?|!=)\s*(?<value>[^\s!=(),]*)|\s+(?:not)?in\s*\((?<values>[^()]+)\))?)$/;
const imageDigest = /^sha256:[a-f0-9]{64}$/;
const imageTag = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The name that `setup` gives a secret when none was asked for. */
export const usualSecretName = "acr-secret";

/** Whether a text has the form of a GUID. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}

/** A GUID, in lower case. */
export function guidName(text: string): string {
  if (!isGuid(text)) throw new RangeError("must be a GUID, such as 00000000-0000-0000-0000-000000000000");
  return text.toLowerCase();
}

/**
 * A registry by name, login server or resource id.
 * Source of the name's rule: https://learn.microsoft.com/rest/api/containerregistry/registries/check-name-availability
 */
export function registryReference(text: string): RegistryReference {
  if (text.startsWith("/")) {
    const groups = registryResourceId.exec(text)?.groups;
    if (!groups) {
      throw new RangeError(
        "must be a resource id of the form /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerRegistry/registries/…",
      );
    }
    const { subscription = "", group = "", name = "" } = groups;
    return {
      kind: "resource-id",
      id: text,
      subscriptionId: guidName(subscription),
      resourceGroup: group,
      name: registryName(name),
    };
  }
  if (/[.:]/.test(text)) {
    const loginServer = loginServerName(text);
    const whole = registryHostOf(loginServer);
    if (whole !== loginServer) {
      throw new RangeError(
        `is a regional endpoint of ${whole}; name that instead, also in images: the pull secret is for that host alone`,
      );
    }
    return { kind: "login-server", loginServer };
  }
  return { kind: "name", name: registryName(text) };
}

function registryName(text: string): string {
  if (!/^[a-zA-Z0-9]{5,50}$/.test(text)) {
    throw new RangeError(
      "must be a registry's name (5 to 50 letters and digits), a login server or a resource id",
    );
  }
  return text;
}

/** A login server, host and optional port, in lower case. It is never a URL, so no credential can go elsewhere. */
export function loginServerName(text: string): string {
  const lower = text.toLowerCase();
  const groups = hostAndPort.exec(lower)?.groups;
  const host = groups?.["host"] ?? "";
  const port = Number(groups?.["port"] ?? 443);
  const labelsAreGood = host.split(".").every((label) => label.length <= 63 && dnsLabel.test(label));
  if (!groups || host.length > 253 || !labelsAreGood || port < 1 || port > 65_535 || /^[\d.]+$/.test(host)) {
    throw new RangeError("must be a login server such as myregistry.azurecr.io, without a scheme or path");
  }
  return lower;
}

/** A namespace: a DNS label of at most 63 characters. */
export function namespaceName(text: string): string {
  if (text.length > 63 || !dnsLabel.test(text)) {
    throw new RangeError(
      "must be at most 63 lower-case letters, digits and dashes, and start and end with a letter or digit",
    );
  }
  return text;
}

/**
 * A selector of Kubernetes labels: `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a)`, `k`, `!k`, with commas between.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function labelSelector(text: string): string {
  // A comma separates requirements, except inside parentheses.
  const requirements = text.split(/,(?![^(]*\))/);
  if (!requirements.every((requirement) => isLabelRequirement(requirement.trim()))) {
    throw new RangeError(
      "must be a label selector such as team=web, env!=dev, tier in (a,b), tier notin (a), team or !team, separated by commas",
    );
  }
  return text;
}

function isLabelRequirement(text: string): boolean {
  const groups = labelRequirement.exec(text)?.groups;
  if (!groups) return false;
  const { absent, key = "", value = "", values = "" } = groups;
  return isLabelKey(absent ?? key) && [value, ...values.split(",")].every((one) => isLabelValue(one.trim()));
}

function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  const prefix = slash < 0 ? "a" : text.slice(0, slash);
  const name = text.slice(slash + 1);
  return name.length > 0 && isLabelValue(name) && prefix.length <= 253 && dnsSubdomain.test(prefix);
}

function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?$/.test(text);
}

/** The name of a Secret or ServiceAccount: a DNS subdomain of at most 253 characters. */
export function objectName(text: string): string {
  if (text.length > 253 || !dnsSubdomain.test(text)) {
    throw new RangeError(
      "must be at most 253 lower-case letters, digits, dashes and dots, and start and end with a letter or digit",
    );
  }
  return text;
}

/** A repository, or a prefix of repositories that ends in a slash and a star, such as `team/*`. */
export function repositoryPattern(text: string): string {
  if (!repository.test(text.endsWith("/*") ? text.slice(0, -2) : text)) {
    throw new RangeError(
      "must be a repository in lower case, such as team/app, or all below a path, such as team/*",
    );
  }
  return text;
}

/**
 * A repository and tag of an image, such as `my-awesome-app:v1`. The tag is `latest` by default, and the digest if
 * there is one, because that is what is pulled.
 */
export function imageReference(text: string): { repository: string; tag: string } {
  const [tagged = "", digest, ...more] = text.split("@");
  const colon = tagged.lastIndexOf(":");
  const name = colon < 0 ? tagged : tagged.slice(0, colon);
  const tag = colon < 0 ? "latest" : tagged.slice(colon + 1);
  const isDigest = digest === undefined || imageDigest.test(digest);
  if (!repository.test(name) || !imageTag.test(tag) || !isDigest || more.length > 0) {
    throw new RangeError(
      "must be a repository and a tag or digest such as my-awesome-app:v1, without the login server",
    );
  }
  return { repository: name, tag: digest ?? tag };
}

/** An application's display name: 1 to 120 visible characters; control and formatting characters are refused. */
export function displayName(text: string): string {
  if (text.length === 0 || text.length > 120 || /[\p{Cc}\p{Cf}]/u.test(text)) {
    throw new RangeError("must have 1 to 120 characters and no control or invisible formatting characters");
  }
  return text;
}
