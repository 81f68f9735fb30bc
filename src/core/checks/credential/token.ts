import { inOneLine } from "../../../domain/in-one-line.ts";
import { registryHostOf } from "../../../domain/login-server.ts";
import { isTokenUser, registryTokenIn } from "../../../domain/registry-token.ts";
import { timeText } from "../../../domain/time-text.ts";
import type { TokenWriter } from "../../../domain/token-writer.ts";
import { fail, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { suggestSetup } from "../remedies.ts";
import { registryOf, signedIn } from "./outcomes.ts";

const minuteMs = 60_000;
const docs = "https://learn.microsoft.com/azure/container-registry/container-registry-authentication";

/** Is it a token instead of a password, when does it end, and who renews it? */
export const token: Check<EntryFacts> = {
  id: "token",
  needs: ["host"],
  look: (facts) => {
    const { credential, host, now, tokenWriter: writer } = facts;
    if (!isTokenUser(credential)) return undefined;
    const found = registryTokenIn(credential);
    if (!found) {
      if (signedIn(facts)) return skip("When the token expires is not known: the token does not say.");
      return fail("The user name is that of a registry token, but the password is not a token.", {
        hint: renewal(writer, facts),
        docs,
      });
    }
    const { expiresAt, audience } = found;
    if (audience !== undefined && audience !== registryHostOf(host) && !signedIn(facts)) {
      return fail(`The token is for ${inOneLine(audience)}, but the entry is for ${host}.`, {
        hint: renewal(writer, facts),
        docs,
      });
    }
    if (!expiresAt) return skip("When the token expires is not known: the token does not say.");
    const leftMs = expiresAt.getTime() - now.getTime();
    const by = writerText(writer);
    if (leftMs <= 0 && !signedIn(facts)) {
      return fail(`The token expired on ${timeText(expiresAt)}. ${by}`, {
        hint: renewal(writer, facts),
        docs,
      });
    }
    const life = `The token expires on ${timeText(expiresAt)}, ${leftText(leftMs)}. ${by}`;
    return writer.kind === "by-hand" ? warn(life, { hint: renewal(writer, facts), docs }) : pass(life);
  },
};

/** The verdict of the checks that need a password of an application, if the entry holds a token. */
export function ofToken({ credential }: Pick<EntryFacts, "credential">): Verdict | undefined {
  return isTokenUser(credential) ? skip("It is a registry token, not an application's password.") : undefined;
}

function leftText(leftMs: number): string {
  const minutes = Math.floor(leftMs / minuteMs);
  if (minutes < 1) return "in less than a minute";
  if (minutes === 1) return "in one minute";
  return minutes < 240 ? `in ${minutes} minutes` : `in ${Math.floor(minutes / 60)} hours`;
}

/** Who wrote the token, and what that means for its renewal. */
function writerText(writer: TokenWriter): string {
  switch (writer.kind) {
    case "msi-acrpull":
      return `msi-acrpull writes it${named(" for the AcrPullBinding", writer.name)}, and renews it before it expires.`;
    case "external-secrets":
      return `External Secrets writes it${named(" for the ExternalSecret", writer.name)}, and renews it at each refresh.`;
    case "controller":
      return `${inOneLine(writer.name)} writes it from a source that something else must renew.`;
    case "by-hand": {
      const who = writer.managers.map(inOneLine).join(", ");
      return `Nothing is known to renew it: it was written${who === "" ? " by hand or by a job" : ` by ${who}`}, for example from the output of az acr login --expose-token.`;
    }
    default:
      return writer satisfies never;
  }
}

function named(what: string, name: string | undefined): string {
  return name === undefined ? "" : `${what} ${inOneLine(name)}`;
}

/** How to get another token, or how to do without one. */
function renewal(writer: TokenWriter, facts: EntryFacts): string {
  const { place, suggest } = facts;
  const { context, namespace } = place;
  const describe = (kind: string, name: string | undefined) =>
    name === undefined
      ? suggest.kubectl(context, "get", kind, "--namespace", namespace)
      : suggest.kubectl(context, "describe", kind, name, "--namespace", namespace);
  switch (writer.kind) {
    case "msi-acrpull":
      return `See why msi-acrpull has not renewed it: ${describe("acrpullbinding", writer.name)}`;
    case "external-secrets":
      return `See why External Secrets has not renewed it: ${describe("externalsecret", writer.name)}; its refreshInterval has to be shorter than the lifetime of a token, which can be little more than an hour.`;
    case "controller":
      return `${inOneLine(writer.name)} writes this secret: renew the token at its source.`;
    case "by-hand": {
      const anew = suggestSetup(place, suggest, registryOf(facts), [["--adopt"]]);
      return `A job that writes it has to run before the token expires, which can be after little more than an hour: check that it does (${suggest.kubectl(context, "get", "cronjobs", "--all-namespaces")}). Or have acr-pull write a password that is valid for months: ${anew}`;
    }
    default:
      return writer satisfies never;
  }
}
