import { BlockList, isIPv6 } from "node:net";
import type { RegistryRecord } from "../world.ts";

/** Whether a registry's network rules refuse an address. A registry that is not `firewalled` refuses none. */
export function refusesAddress({ firewalled, network }: RegistryRecord, address: string): boolean {
  if (!firewalled) return false;
  // Then no rule lets anybody in.
  if (!network.publicAccess) return true;
  const allowed = new BlockList();
  for (const rule of network.allowedAddresses) {
    const [base = "", bits] = rule.split("/");
    const family = isIPv6(base) ? "ipv6" : "ipv4";
    if (bits === undefined) allowed.addAddress(base, family);
    else allowed.addSubnet(base, Number(bits), family);
  }
  const plain = address.replace(/^::ffff:/, "");
  return !allowed.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}
