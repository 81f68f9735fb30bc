import { fail, pass, warn, type Check } from "../check.ts";
import type { ClusterFacts } from "../facts.ts";

const minuteMs = 60_000;
const warnAboveMs = 5 * minuteMs;
const failAboveMs = 60 * minuteMs;

/**
 * Do the clocks agree? Tokens and certificates carry times, and an end that is counted by a wrong clock comes too early
 * or too late.
 */
export const clock: Check<ClusterFacts> = {
  id: "clock",
  needs: [],
  look: (facts) => {
    const { clusterAheadMs, registryAheadMs } = facts;
    const others = registryAheadMs === undefined ? [clusterAheadMs] : [clusterAheadMs, registryAheadMs];
    const apart = Math.max(0, ...others) - Math.min(0, ...others);
    if (apart <= warnAboveMs) {
      return pass(
        registryAheadMs === undefined
          ? "The clocks of this machine and the cluster agree."
          : "The clocks of this machine, the cluster and the registry agree.",
      );
    }
    const verdict = apart > failAboveMs ? fail : warn;
    return verdict(`${culprit(facts)}.`, {
      hint: "Have it set by NTP (on a machine with systemd: timedatectl set-ntp true): certificates and tokens are refused by a clock that is off, and ends are counted wrongly.",
      docs: "https://learn.microsoft.com/azure/virtual-machines/linux/time-sync",
    });
  },
};

/** Of three clocks the one that the two others do not agree with; of two nobody can tell. */
function culprit({ context, clusterAheadMs, registryAheadMs }: ClusterFacts): string {
  const agree = (one: number, other: number) => Math.abs(one - other) <= warnAboveMs;
  const cluster = `of the cluster of context ${context}`;
  if (registryAheadMs === undefined)
    return `By this machine's clock, that ${cluster} is ${span(clusterAheadMs)}`;
  if (agree(clusterAheadMs, registryAheadMs)) return `This machine's clock is ${span(-registryAheadMs)}`;
  if (agree(registryAheadMs, 0)) return `The clock ${cluster} is ${span(clusterAheadMs)}`;
  if (agree(clusterAheadMs, 0)) return `The registry's clock is ${span(registryAheadMs)}`;
  return `By the registry's clock, this machine's is ${span(-registryAheadMs)}, and that ${cluster} ${span(clusterAheadMs - registryAheadMs)}`;
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
