import { refused } from "../domain/errors.ts";
import type { Clock, Cluster, Directory } from "./ports.ts";

const minuteMs = 60_000;
const warnAboveMs = 5 * minuteMs;
const refuseAboveMs = 60 * minuteMs;

/** The clocks that matter to a run, except this machine's, and how far each is ahead of that, in milliseconds. */
export interface Clocks {
  readonly context: string;
  readonly clusterAheadMs: number;
  /** Undefined if nobody else was asked, or nobody gave a time. */
  readonly other: { readonly name: "Azure" | "The registry"; readonly aheadMs: number } | undefined;
}

/** The clocks according to the newest answers. */
export function readClocks(
  cluster: Pick<Cluster, "context" | "serverTime">,
  directory: Pick<Directory, "serverTime"> | undefined,
  clock: Pick<Clock, "now">,
): Clocks {
  const here = clock.now().getTime();
  const azure = directory?.serverTime();
  return {
    context: cluster.context,
    clusterAheadMs: cluster.serverTime().getTime() - here,
    other: azure && { name: "Azure", aheadMs: azure.getTime() - here },
  };
}

/**
 * Azure's time, by which passwords begin and end. Not the cluster's, because whoever runs a cluster can set its
 * clock. If Azure was not asked, this machine's time.
 */
export function azureNow(
  directory: Pick<Directory, "serverTime"> | undefined,
  clock: Pick<Clock, "now">,
): Date {
  return directory?.serverTime() ?? clock.now();
}

/** Whether the clocks agree, are more than five minutes apart, or more than an hour. */
export function compareClocks({ clusterAheadMs, other }: Clocks): "agree" | "apart" | "far-apart" {
  const all = [0, clusterAheadMs, ...(other ? [other.aheadMs] : [])];
  const apartMs = Math.max(...all) - Math.min(...all);
  if (apartMs <= warnAboveMs) return "agree";
  return apartMs <= refuseAboveMs ? "apart" : "far-apart";
}

/** How to fix it. */
export const clockAdvice = {
  hint: "Set it with NTP (with systemd: timedatectl set-ntp true). With a wrong clock, valid certificates and tokens are refused and expiry dates are wrong.",
  docs: "https://learn.microsoft.com/azure/virtual-machines/linux/time-sync",
};

/**
 * Which clock is wrong: of three, the one that the other two contradict. Of two, nobody can say. Without a full stop.
 */
export function clocksText({ context, clusterAheadMs, other }: Clocks): string {
  const agree = (one: number, another: number) => Math.abs(one - another) <= warnAboveMs;
  const cluster = `of the cluster of context ${context}`;
  if (other === undefined) return `By this machine's clock, that ${cluster} is ${span(clusterAheadMs)}`;
  const { name, aheadMs } = other;
  if (agree(clusterAheadMs, aheadMs)) return `This machine's clock is ${span(-aheadMs)}`;
  if (agree(aheadMs, 0)) return `The clock ${cluster} is ${span(clusterAheadMs)}`;
  if (agree(clusterAheadMs, 0)) return `${name}'s clock is ${span(aheadMs)}`;
  return `By ${name === "Azure" ? name : "the registry"}'s clock, this machine's is ${span(-aheadMs)}, and that ${cluster} ${span(clusterAheadMs - aheadMs)}`;
}

/** What a plan says about clocks that are apart. Empty if they agree. */
export function clockWarnings(clocks: Clocks): string[] {
  if (compareClocks(clocks) === "agree") return [];
  return [`${clocksText(clocks)}; acr-pull writes nothing when clocks are more than an hour apart`];
}

/** @throws ActionableError `clocks.apart`, exit 2, for clocks that are more than an hour apart */
export function refuseFarClocks(clocks: Clocks): void {
  if (compareClocks(clocks) !== "far-apart") return;
  throw refused(
    "clocks.apart",
    `${clocksText(clocks)}. acr-pull writes nothing when clocks are more than an hour apart: it could not tell whether a password has expired or another run is at work.`,
    clockAdvice.hint,
    clockAdvice.docs,
  );
}

function span(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / minuteMs);
  const days = Math.floor(minutes / (24 * 60));
  if (days > 1) return `${days} days ${aheadMs > 0 ? "fast" : "slow"}`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const parts = [
    ...(hours > 0 ? [hours === 1 ? "one hour" : `${hours} hours`] : []),
    ...(rest > 0 ? [rest === 1 ? "one minute" : `${rest} minutes`] : []),
  ];
  return `${parts.join(" and ")} ${aheadMs > 0 ? "fast" : "slow"}`;
}
