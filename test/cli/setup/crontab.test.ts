import { describe, expect, it } from "vitest";
import { gather } from "../../../src/cli/options/answers.ts";
import { crontabLines } from "../../../src/cli/setup/crontab.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { renewalCommand } from "../../../src/cli/setup/renewal.ts";
import { plainText } from "../../../src/cli/show/terminal.ts";

/** What `setup` with these flags says about a crontab, in lines. */
function toldAfter(
  flags: Parameters<typeof gather>[1],
  { program = "acr-pull", environment = {} }: { program?: string; environment?: Record<string, string> } = {},
): string[] {
  const given = gather(setupOptions, { registry: "myregistry", yes: true, ...flags }, {});
  const scriptPath = `/opt/tools/bin/${program.replace("kubectl acr-pull", "kubectl-acr_pull")}`;
  const shell = { program, given, environment, execPath: "/usr/bin/node", scriptPath };
  const lines = crontabLines("0 6 * * *", shell, (job) => renewalCommand(job, []), Infinity);
  return lines.map(plainText);
}

const jobIn = (lines: readonly string[]) => lines.find((line) => line.startsWith("  0 6 "))?.trim();

describe("a crontab that setup prints", () => {
  it("takes all keys of the registry where cron would refuse a line with every namespace", () => {
    const some = toldAfter({ namespace: ["team-a", "team-b"], context: ["kind"] });
    expect(jobIn(some)).toContain(" --namespace team-a --namespace team-b --context kind ");
    const namespace = Array.from({ length: 70 }, (_one, index) => `team-${index}`);
    expect(jobIn(toldAfter({ namespace, context: ["kind"] }))).toBe(
      "0 6 * * * acr-pull rotate --registry myregistry --context kind --if-expiring-within 60d --yes --quiet",
    );
  });

  it("is not printed if cron would refuse it in any case", () => {
    const context = Array.from({ length: 100 }, (_one, index) => `cluster-${index}`);
    expect(toldAfter({ namespace: ["team-a"], context })).toEqual([]);
  });

  it("is not printed in a job of a CI service, whose machine may not exist tomorrow", () => {
    for (const environment of [{ CI: "true" }, { TF_BUILD: "True" }])
      expect(toldAfter({ namespace: ["team-a"] }, { environment })).toEqual([]);
    expect(toldAfter({ namespace: ["team-a"] }, { environment: { CI: "false" } })).not.toEqual([]);
  });

  it("needs no kubectl, whose folder cron may not know", () => {
    const lines = toldAfter({ namespace: ["team-a"], context: ["kind"] }, { program: "kubectl acr-pull" });
    expect(jobIn(lines)).toMatch(/^0 6 \* \* \* acr-pull rotate /);
    expect(lines).toContain("  PATH=/opt/tools/bin:/usr/bin:/usr/local/bin:/bin");
  });

  it("names the proxies, but none with a password", () => {
    const environment = {
      HTTPS_PROXY: "http://proxy.test:3128",
      all_proxy: "http://ada:s3cr3t@proxy.test:1080",
      no_proxy: "localhost,.internal",
    };
    const lines = toldAfter({ namespace: ["team-a"] }, { environment });
    expect(lines.slice(2, 4)).toEqual([
      "  HTTPS_PROXY=http://proxy.test:3128",
      "  no_proxy=localhost,.internal",
    ]);
    expect(lines.join("\n")).not.toContain("s3cr3t");
    expect(lines.at(-1)).toContain("all_proxy is left out here, because it holds a password");
    // Without a proxy, it says nothing that a proxy would be spared.
    const bare = toldAfter({ namespace: ["team-a"] }, { environment: { NO_PROXY: "localhost" } });
    expect(bare.join("\n")).not.toContain("NO_PROXY");
    expect(bare.join("\n")).not.toContain("left out");
  });

  it("warns of a password in it, because cron shows the variables in its mails", () => {
    expect(toldAfter({ namespace: ["team-a"] }).at(-1)).toMatch(
      /AZURE_CLIENT_CERTIFICATE_PATH there, .*Do not set AZURE_CLIENT_SECRET there/,
    );
  });
});
