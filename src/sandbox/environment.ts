import { delimiter } from "node:path";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** A process's own environment. */
export type UserEnvironment = Readonly<Record<string, string | undefined>>;

/** Variables that would lead a program in the sandbox to the user's real cloud and clusters. */
const leaking =
  /^(?:ACR_PULL_(?!ACCESSIBLE$)|ACTIONS_ID_TOKEN_|ARM_|AZURE_|AZURESUBSCRIPTION_|IDENTITY_|KUBECONFIG$|KUBERNETES_SERVICE_|MSI_|SYSTEM_ACCESSTOKEN$|SYSTEM_OIDCREQUESTURI$)/;

/** Hosts that are never reached through a proxy, in addition to those that the user names. */
const loopback = ["localhost", "127.0.0.1", "::1"];

/** Names of the user's variables that do not belong in the sandbox. */
export function leakingVariables(user: UserEnvironment): string[] {
  return Object.keys(user)
    .filter((name) => leaking.test(name) && user[name] !== undefined)
    .sort();
}

/**
 * The user's environment, changed to lead into the sandbox.
 * @param binFolder the first folder that is searched for programs
 */
export function environmentInside(
  user: UserEnvironment,
  sandbox: Environment,
  binFolder: string,
): Environment {
  const own = Object.entries(user).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !leaking.test(entry[0]),
  );
  const path = user["PATH"] === undefined ? binFolder : `${binFolder}${delimiter}${user["PATH"]}`;
  return { ...Object.fromEntries(own), ...sandbox, ...proxyExceptions(user), PATH: path };
}

/** Lines that lead a POSIX shell into the sandbox. */
export function shellLines(user: UserEnvironment, sandbox: Environment): string[] {
  const variables = { ...sandbox, ...proxyExceptions(user) };
  return [
    ...leakingVariables(user)
      .filter((name) => !(name in variables))
      .map((name) => `unset ${name}`),
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}`),
  ];
}

/** Sets both spellings if the user has the lower-case one: programs differ in which they read first. */
function proxyExceptions(user: UserEnvironment): Environment {
  const merge = (value: string | undefined): string =>
    [...new Set([...(value?.split(",").filter(Boolean) ?? []), ...loopback])].join(",");
  const small = user["no_proxy"];
  return {
    NO_PROXY: merge(user["NO_PROXY"] ?? small),
    ...(small === undefined ? {} : { no_proxy: merge(small) }),
  };
}

/** A text as one word of a POSIX shell. */
export function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
