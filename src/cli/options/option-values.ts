import { parseDuration } from "../../domain/duration.ts";
import { knowing } from "./option.ts";

/*
 * Readers of option values that no service has a rule for. As in domain/names.ts, they return the value and throw
 * RangeError with the rule that is broken.
 */

/** Any text of one line that is not empty. */
export function oneLineText(text: string): string {
  if (text.trim() === "" || /\p{Cc}/u.test(text)) {
    throw new RangeError("must not be empty and must not contain control characters");
  }
  return text;
}

/** A duration in milliseconds. */
export function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new RangeError("must be a duration such as 90s, 30m, 24h or 180d");
  }
}

/** A duration in milliseconds that is longer than zero. */
export function positiveDuration(text: string): number {
  const milliseconds = duration(text);
  if (milliseconds <= 0) throw new RangeError("must be longer than 0");
  return milliseconds;
}

/** A hundred years: every calendar involved can still represent such a date. */
const longestLifeMs = 36_500 * 86_400_000;

/** How long a password lives, in milliseconds, or `max` for as long as the tenant allows. */
export const lifetime = knowing(["max"], (text): number | "max" => {
  if (text === "max") return text;
  try {
    const milliseconds = positiveDuration(text);
    if (milliseconds <= longestLifeMs) return milliseconds;
  } catch {
    // It breaks the same rule.
  }
  throw new RangeError("must be max or a duration longer than 0 and up to 36500d, such as 180d");
});

/**
 * How long an old key stays valid next to the new one, in milliseconds. A new key takes up to a quarter of an hour to
 * be known everywhere, and a node that failed to pull tries again within 5 minutes. Less than half an hour is too
 * short.
 */
export function grace(text: string): number {
  return durationBetween(text, "30m", "365d", "24h");
}

/** The time over which the last proofs before a retirement are spread, in milliseconds. */
export function settleTime(text: string): number {
  return durationBetween(text, "0s", "1h", "49s");
}

function durationBetween(text: string, least: string, most: string, usual: string): number {
  const rule = `must be a duration from ${least} to ${most}, such as ${usual}`;
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds >= parseDuration(least) && milliseconds <= parseDuration(most)) return milliseconds;
  } catch {
    // It breaks the same rule.
  }
  throw new RangeError(rule);
}

/** A TCP port; 0 is any free one. */
export function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) throw new RangeError("must be a port from 0 to 65535");
  return number;
}

/** The clouds that Azure's own tools know by name. */
export const azureClouds = ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"];

/** A cloud by name, or by the HTTPS address of its Resource Manager. */
export const cloud = knowing(azureClouds, (text) => {
  if (azureClouds.includes(text)) return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "" || url.search !== "") {
    throw new RangeError(
      `must be one of ${azureClouds.join(", ")}, or the https:// URL of a Resource Manager`,
    );
  }
  return text;
});

/**
 * An Entra tenant: its id or one of its domains.
 * Source: https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints
 */
export function tenant(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)) {
    throw new RangeError("must be a tenant id or a domain such as contoso.onmicrosoft.com");
  }
  return text.toLowerCase();
}

/** Identifies one cluster in the names of keys: usually the UID of its namespace kube-system. */
export function clusterIdentifier(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/i.test(text)) {
    throw new RangeError(
      "must be at most 63 letters, digits, dashes and dots: the UID of the namespace kube-system",
    );
  }
  return text.toLowerCase();
}
