import { armError } from "./errors.ts";
import type { SandboxResponse } from "../service.ts";
import type { RegistryRecord } from "../world.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Changes a registry as a `PATCH` of its resource asks.
 * @returns the refusal if the body has a property that the sandbox cannot change, or a value of another form
 */
export function updateRegistry(
  registry: RegistryRecord,
  body: Json | undefined,
): SandboxResponse | undefined {
  const properties = body && isRecord(body["properties"]) ? body["properties"] : {};
  // Some clients send properties without a value. Those ask for nothing.
  const sent = Object.entries(properties).filter(([, value]) => value !== null && value !== undefined);
  const changes = sent.map(([name, value]) => changers[name]?.(value));
  const unknown = sent.find((_entry, index) => changes[index] === undefined)?.[0];
  if (body === undefined || unknown !== undefined) {
    return armError(
      501,
      "NotImplemented",
      `The sandbox cannot change ${unknown ?? "that"} of a registry, or not to this value.`,
    );
  }
  for (const change of changes) change?.(registry);
  return undefined;
}

/** By property, the change that a value makes. Undefined if the value has another form. */
const changers: Readonly<
  Record<string, (value: unknown) => ((registry: RegistryRecord) => void) | undefined>
> = {
  publicNetworkAccess: (value) =>
    value === "Enabled" || value === "Disabled"
      ? ({ network }) => {
          network.publicAccess = value === "Enabled";
        }
      : undefined,
  networkRuleSet: (value) => {
    const rules = isRecord(value) ? (value["ipRules"] ?? []) : undefined;
    if (!isRecord(value) || !Array.isArray(rules)) return undefined;
    const { defaultAction } = value;
    if (defaultAction !== "Allow" && defaultAction !== "Deny") return undefined;
    const addresses = rules.map((rule) => (isRecord(rule) ? rule["value"] : undefined));
    if (!addresses.every((address) => typeof address === "string")) return undefined;
    return (registry) => {
      registry.network.defaultAction = defaultAction;
      registry.network.allowedAddresses.splice(0, Infinity, ...addresses);
      if (defaultAction === "Allow") registry.firewalled = false;
    };
  },
};

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
