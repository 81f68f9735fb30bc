import { clockAdvice, clocksText, compareClocks } from "../../clocks.ts";
import { fail, pass, warn, type Check } from "../check.ts";
import type { ClusterFacts } from "../facts.ts";

/** Do the clocks agree? Tokens and certificates carry times, and by a wrong clock they end too early or too late. */
export const clock: Check<ClusterFacts> = {
  id: "clock",
  needs: [],
  look: ({ context, clusterAheadMs, registryAheadMs }) => {
    const aheadMs = registryAheadMs;
    const other = aheadMs === undefined ? undefined : ({ name: "The registry", aheadMs } as const);
    const clocks = { context, clusterAheadMs, other };
    const verdict = compareClocks(clocks);
    if (verdict === "agree") {
      return pass(
        other
          ? "The clocks of this machine, the cluster and the registry agree."
          : "The clocks of this machine and the cluster agree.",
      );
    }
    return (verdict === "apart" ? warn : fail)(`${clocksText(clocks)}.`, clockAdvice);
  },
};
