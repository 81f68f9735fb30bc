import { refused, type ActionableError } from "../domain/errors.ts";
import { isThisMachine } from "../domain/proxy.ts";
import { list, record, text } from "./json-fields.ts";

/** One Azure cloud: where its services are. URLs are https and end without a slash. */
export interface Cloud {
  /** The name that az uses. */
  readonly name: string;
  /** Where tokens are issued. */
  readonly authorityHost: string;
  readonly resourceManager: string;
  readonly resourceManagerScope: string;
  readonly graph: string;
  readonly graphScope: string;
  /** The audience that a workload's own token must have to sign in here. */
  readonly federationAudience: string;
  /** The suffixes of its registries' login servers, with the leading dot; undefined if the cloud does not say. */
  readonly registrySuffixes: readonly string[] | undefined;
  /** Whether it is one of Microsoft's own, whose addresses are built in. */
  readonly isWellKnown: boolean;
  /**
   * Whether Resource Manager is known to demand multi-factor authentication of a person who writes.
   * Source: https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication
   */
  readonly demandsMultiFactor: boolean;
}

// Sources: https://learn.microsoft.com/graph/api/resources/federatedidentitycredential, the documentation of national
// clouds, https://learn.microsoft.com/graph/deployments, and az's own table,
// https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py
const wellKnown: readonly Cloud[] = [
  {
    name: "AzureCloud",
    authorityHost: "https://login.microsoftonline.com",
    resourceManager: "https://management.azure.com",
    resourceManagerScope: "https://management.azure.com/.default",
    graph: "https://graph.microsoft.com",
    graphScope: "https://graph.microsoft.com/.default",
    federationAudience: "api://AzureADTokenExchange",
    registrySuffixes: [".azurecr.io"],
    isWellKnown: true,
    demandsMultiFactor: true,
  },
  {
    name: "AzureUSGovernment",
    authorityHost: "https://login.microsoftonline.us",
    resourceManager: "https://management.usgovcloudapi.net",
    resourceManagerScope: "https://management.core.usgovcloudapi.net/.default",
    graph: "https://graph.microsoft.us",
    graphScope: "https://graph.microsoft.us/.default",
    federationAudience: "api://AzureADTokenExchangeUSGov",
    registrySuffixes: [".azurecr.us"],
    isWellKnown: true,
    demandsMultiFactor: false,
  },
  {
    name: "AzureChinaCloud",
    authorityHost: "https://login.chinacloudapi.cn",
    resourceManager: "https://management.chinacloudapi.cn",
    resourceManagerScope: "https://management.core.chinacloudapi.cn/.default",
    graph: "https://microsoftgraph.chinacloudapi.cn",
    graphScope: "https://microsoftgraph.chinacloudapi.cn/.default",
    federationAudience: "api://AzureADTokenExchangeChina",
    registrySuffixes: [".azurecr.cn"],
    isWellKnown: true,
    demandsMultiFactor: false,
  },
];

/**
 * Domains that hold Microsoft's own services and the audiences of their tokens, in any of its clouds. Customers get no
 * name in them that a token could be for.
 * Source: az's table of clouds, as above
 */
const microsoftDomains = [
  ..."azure.com azure.net windows.net windowsazure.com microsoft.com microsoftonline.com".split(" "),
  ..."azure.us usgovcloudapi.net windowsazure.us microsoft.us microsoftonline.us".split(" "),
  ..."azure.cn chinacloudapi.cn windowsazure.cn microsoftonline.cn".split(" "),
  ..."office.com office365.com sharepoint.com visualstudio.com azuresynapse.net loganalytics.io".split(" "),
];

/**
 * Finds a cloud by its name (`AzureCloud` by default) or by the URL of its Resource Manager, which is asked for the
 * addresses of the other services. Only a URL that is not Microsoft's own costs a request.
 * @throws ActionableError `azure.unknown-cloud` for an unknown name or a URL without TLS, as readMetadata does, and
 *   whatever `fetchJson` throws
 */
export async function resolveCloud(
  nameOrUrl: string | undefined,
  fetchJson: (url: string) => Promise<unknown>,
): Promise<Cloud> {
  const wanted = nameOrUrl ?? "AzureCloud";
  const url = httpsUrl(wanted);
  const known = wellKnown.find(
    (cloud) => cloud.name.toLowerCase() === wanted.toLowerCase() || cloud.resourceManager === url,
  );
  if (known) return known;
  if (url === undefined) {
    throw refused(
      "azure.unknown-cloud",
      `There is no cloud ${JSON.stringify(wanted)}.`,
      `Name ${wellKnown.map(({ name }) => name).join(", ")}, or the https URL of a Resource Manager.`,
    );
  }
  return readMetadata(url, await fetchJson(`${url}/metadata/endpoints?api-version=2022-09-01`));
}

/**
 * Reads what a Resource Manager says about its cloud: one object, or a list of clouds including its own.
 * @param resourceManager the URL that was asked, without a trailing slash
 * @throws ActionableError `azure.unknown-cloud` if it does not describe a cloud, `azure.foreign-sign-in` if it would have
 *   tokens of one of Microsoft's own clouds sent to another
 */
export function readMetadata(resourceManager: string, document: unknown): Cloud {
  const entry = Array.isArray(document)
    ? document.map(record).find((item) => httpsUrl(item["resourceManager"]) === resourceManager)
    : record(document);
  const authentication = record(entry?.["authentication"]);
  const authorityHost = httpsUrl(authentication["loginEndpoint"]);
  const graph = httpsUrl(entry?.["microsoftGraphResourceId"]);
  const audience = audienceIn(list(authentication["audiences"])[0]);
  if (authorityHost === undefined || graph === undefined || audience === undefined) {
    throw badMetadata(
      `${resourceManager} does not say where its cloud's services are: authentication.loginEndpoint, authentication.audiences or microsoftGraphResourceId is missing, or is not an https address.`,
    );
  }
  const foreign = [authorityHost, audience, graph].find(isMicrosofts);
  if (foreign !== undefined && !isMicrosofts(resourceManager)) {
    throw refused(
      "azure.foreign-sign-in",
      `${resourceManager} would have tokens for ${foreign}, which is in one of Microsoft's own clouds.`,
      "Trust its operator with nothing before you know why. If you mean one of Microsoft's clouds, give its name: --cloud AzureCloud.",
    );
  }
  const suffix = text(record(entry?.["suffixes"])["acrLoginServer"]);
  return {
    name: text(entry?.["name"]) ?? new URL(resourceManager).host,
    authorityHost,
    resourceManager,
    // Audiences often end in a slash that is part of the name, so the scope has a double slash.
    resourceManagerScope: `${audience}/.default`,
    graph,
    graphScope: `${graph}/.default`,
    // The metadata does not name it, and no other audience is documented for private clouds.
    federationAudience: "api://AzureADTokenExchange",
    registrySuffixes: suffix === undefined ? undefined : [`.${suffix.replace(/^\./, "").toLowerCase()}`],
    isWellKnown: false,
    demandsMultiFactor: false,
  };
}

/** The error if an address that was given as a cloud's does not describe one. */
export function badMetadata(message: string): ActionableError {
  return refused(
    "azure.unknown-cloud",
    message,
    "Check that --cloud is the address of an Azure Resource Manager.",
  );
}

/**
 * The login server that a registry with this name usually has. If the registry was created with a domain name label,
 * its login server also contains a hash. Undefined for a cloud that is not Microsoft's own, where registries may be
 * anywhere.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli
 */
export function usualLoginServer(cloud: Cloud, registryName: string): string | undefined {
  const [suffix] = cloud.isWellKnown ? (cloud.registrySuffixes ?? []) : [];
  return suffix && `${registryName.toLowerCase()}${suffix}`;
}

/**
 * Whether a login server belongs to the cloud, so that a credential may be sent there. The name may come from a
 * Resource Manager or from a secret. In a cloud that is not Microsoft's own it may have a port. If that cloud does not
 * say its suffixes, any host is accepted.
 */
export function loginServerBelongsTo({ isWellKnown, registrySuffixes }: Cloud, loginServer: string): boolean {
  const host = loginServer.toLowerCase();
  if (isWellKnown) {
    return (registrySuffixes ?? []).some(
      (suffix) =>
        host.endsWith(suffix) && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(host.slice(0, -suffix.length)),
    );
  }
  const name = /^(?<name>[a-z0-9.-]+)(?::\d+)?$/.exec(host)?.groups?.["name"];
  return name !== undefined && (registrySuffixes?.some((suffix) => `.${name}`.endsWith(suffix)) ?? true);
}

/** A token's audience; undefined unless it is a single https URL. Microsoft's services also have ids as audiences. */
function audienceIn(value: unknown): string | undefined {
  return typeof value === "string" && httpsUrl(value) !== undefined && !/\s/.test(value) ? value : undefined;
}

function isMicrosofts(url: string): boolean {
  const host = new URL(url).hostname.replace(/\.+$/, "");
  return microsoftDomains.some((domain) => `.${host}`.endsWith(`.${domain}`));
}

/** The hosts that get what somebody signs in to a cloud with, and its tokens. This machine is not one of them. */
export function trustedHosts({ authorityHost, resourceManager, graph }: Cloud): readonly string[] {
  const urls = [authorityHost, resourceManager, graph].map((url) => new URL(url));
  return [...new Set(urls.filter(({ hostname }) => !isThisMachine(hostname)).map(({ host }) => host))];
}

/**
 * An https URL without trailing slashes; undefined for anything else, and for a URL with a user, a query or a
 * fragment.
 */
export function httpsUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return url.protocol === "https:" && plain ? `${url.origin}${url.pathname}`.replace(/\/+$/, "") : undefined;
}
