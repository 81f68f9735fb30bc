import { fail, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { isPrincipal, pulls } from "./outcomes.ts";

/** Does the registry issue a token that pulls? This proves everything that the checks before it ask. */
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
        `${host} signs it in, but lets it pull no repository with an arbitrary name: its role may be limited to some.`,
        { hint: "Name an image that the cluster pulls with --image, to try that one." },
      );
    }
    return fail(
      pull.kind === "refused"
        ? `${host} refuses it, although the password is right and a role is assigned: ${pull.reason}`
        : `${host} signs it in, but does not let it pull ${image.repository}.`,
      {
        hint: seesRoles
          ? "A new role assignment takes up to ten minutes to take effect: wait, and run verify again. If that does not help, look for a deny assignment or a condition on the role."
          : "The role is missing, does not fit the registry's mode, or is limited to other repositories. To learn which, sign in to Azure (az login) and run verify again.",
        docs: "https://learn.microsoft.com/azure/container-registry/container-registry-faq#how-long-does-it-take-for-role-assignments-to-take-effect",
        ids: { host },
      },
    );
  },
};
