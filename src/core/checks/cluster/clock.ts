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
  look: ({ context, clusterAheadMs, registryAheadMs }) => {
    const others = registryAheadMs === undefined ? [clusterAheadMs] : [clusterAheadMs, registryAheadMs];
    const apart = Math.max(0, ...others) - Math.min(0, ...others);
    if (apart <= warnAboveMs) return pass("The clocks of this machine, the cluster and the registry agree.");
    const agree = registryAheadMs !== undefined && Math.abs(clusterAheadMs - registryAheadMs) <= warnAboveMs;
    const registryIsHere = registryAheadMs !== undefined && Math.abs(registryAheadMs) <= warnAboveMs;
    const who =
      agree || (!registryIsHere && registryAheadMs !== undefined && Math.abs(clusterAheadMs) > warnAboveMs)
        ? `This machine's clock is ${span(-(registryAheadMs ?? clusterAheadMs))}`
        : registryIsHere
          ? `The clock of the cluster of context ${context} is ${span(clusterAheadMs)}`
          : registryAheadMs === undefined
            ? `The clocks of this machine and of the cluster of context ${context} differ: the cluster's is ${span(clusterAheadMs)}`
            : `The registry's clock is ${span(registryAheadMs)}`;
    const verdict = apart > failAboveMs ? fail : warn;
    return verdict(`${who}.`, {
      hint: "Have it set by NTP (on a machine with systemd: timedatectl set-ntp true): certificates and tokens are refused by a clock that is off, and ends are counted wrongly.",
      docs: "https://learn.microsoft.com/azure/virtual-machines/linux/time-sync",
    });
  },
};

function span(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / minuteMs);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const parts = [
    ...(hours > 0 ? [hours === 1 ? "one hour" : `${hours} hours`] : []),
    ...(rest > 0 ? [rest === 1 ? "one minute" : `${rest} minutes`] : []),
  ];
  return `${parts.join(" and ")} ${aheadMs > 0 ? "fast" : "slow"}`;
}
