import { cloudOfLoginServer } from "../../domain/login-server.ts";
import type { Variables } from "../../domain/proxy.ts";
import type { GivenOptions } from "./answers.ts";

/**
 * Where workloads sign in, by host, as the webhook of workload identity and Azure's SDKs name it.
 * Source: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 */
const authorities = new Map([
  ["login.microsoftonline.us", "AzureUSGovernment"],
  ["login.chinacloudapi.cn", "AzureChinaCloud"],
  ["login.partner.microsoftonline.cn", "AzureChinaCloud"],
]);

/**
 * The given options, with the cloud if only others imply it: the login server of a registry, or else AZURE_AUTHORITY_HOST.
 * It counts as given, so that a command that is pasted elsewhere names it, too.
 */
export function withImpliedCloud(given: GivenOptions, environment: Variables): GivenOptions {
  if (given.has("cloud")) return given;
  const host = (environment["AZURE_AUTHORITY_HOST"] ?? "").toLowerCase().replace(/^https:\/\//, "");
  const [registry = ""] = given.get("registry")?.texts ?? [];
  const cloud = cloudOfLoginServer(registry) ?? authorities.get(host.replace(/\/.*$/, ""));
  if (cloud === undefined || cloud === "AzureCloud") return given;
  return new Map(given).set("cloud", { texts: [cloud], source: "flag" });
}
