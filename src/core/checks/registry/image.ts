import { imageText } from "../../../domain/image-name.ts";
import { fail, pass, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { azAcr, namedRegistry } from "../remedies.ts";

/** Does the image that was named exist? */
export const image: Check<EntryFacts> = {
  id: "image",
  needs: ["pull-scope"],
  look: (facts) => {
    const { pull, image: asked, imageIsNamed, host } = facts;
    if (!imageIsNamed || asked.tag === undefined || !pull) return undefined;
    const name = imageText(asked);
    if (pull.kind === "allowed") return pass(`${host} has the image ${name}.`);
    if (pull.kind !== "image-missing") return undefined;
    return fail(`${host} has no image ${name}.`, {
      hint: `List its tags: ${azAcr(namedRegistry(facts.registry, host), ["repository", "show-tags"], { more: ["--repository", asked.repository] })}`,
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-concepts",
    });
  },
};
