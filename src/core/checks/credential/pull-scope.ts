import { fail, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { isPrincipal, pulls } from "./outcomes.ts";

/** Does the registry give out a token that pulls? The proof of all that stands before it. */
export const pullScope: Check<EntryFacts> = {
  id: "pull-scope",
  needs: [
    "host",
    "registry-reachable",
    "token",
    "principal",
    "expiry",
    "password",
    "sign-in",
    "role-assignment",
    "role-mode",
    "role-condition",
  ],
  look: (facts) => {
    const { pull, image, imageIsNamed, host, registry, roles } = facts;
    if (!pull) return skip(`${host} was not asked.`);
    if (pulls(facts)) {
      return pass(
        imageIsNamed ? `It may pull ${image.repository} from ${host}.` : `It may pull from ${host}.`,
        { ids: { host } },
      );
    }
    const seesRoles = isPrincipal(facts) && registry.known && registry.value !== undefined && roles.known;
    if (pull.kind === "no-pull-scope" && !imageIsNamed && !seesRoles) {
      return skip(
        `${host} signs it in, and lets it pull no repository of just any name: its role may be limited to some.`,
        { hint: "Name an image that the cluster pulls with --image, and it is tried." },
      );
    }
    return fail(
      pull.kind === "refused"
        ? `${host} does not let it in, although the password is right and a role is granted: ${pull.reason}`
        : `${host} signs it in, but lets it pull no ${image.repository}.`,
      {
        hint: seesRoles
          ? "A role that was granted just now takes up to ten minutes to be known at the registry: wait, and run verify again. If it stays so, look for a deny assignment or a condition on the role."
          : "The role is missing, does not fit the registry's mode, or is limited to other repositories: run verify signed in to Azure (az login), and it says which.",
        docs: "https://learn.microsoft.com/azure/container-registry/container-registry-faq#how-long-does-it-take-for-role-assignments-to-take-effect",
        ids: { host },
      },
    );
  },
};
