import { imageText } from "../../../domain/image-name.ts";
import { fail, notKnown, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { buildFor } from "../remedies.ts";

/** Is the image built for the platform of every node? */
export const imagePlatform: Check<EntryFacts> = {
  id: "image-platform",
  needs: ["image", "pull-scope"],
  look: ({ pull, host, image, imageIsNamed, platforms, nodes }) => {
    if (!imageIsNamed || image.tag === undefined || pull?.kind !== "allowed") return undefined;
    if (!nodes.known) return notKnown(nodes);
    if (!platforms.known) return notKnown(platforms);
    const wanted = [...new Set(nodes.value.map(({ os, architecture }) => `${os}/${architecture}`))].sort();
    if (wanted.length === 0) return skip("The cluster has no nodes yet, so what they run is not known.");
    const missing = wanted.filter((one) => !platforms.value.includes(one));
    const name = imageText(image);
    if (missing.length === 0) return pass(`${name} is built for ${wanted.join(" and ")}, as the nodes need.`);
    return fail(
      `${name} is built for ${platforms.value.join(", ")}, but some nodes are ${missing.join(", ")}: a pod on one of them finds no image for it.`,
      {
        hint: `Build it for all: ${buildFor([...platforms.value, ...missing], `${host}/${name}`)}; or keep its pods off those nodes with a node selector on kubernetes.io/os and kubernetes.io/arch.`,
        docs: "https://docs.docker.com/build/building/multi-platform/",
      },
    );
  },
};
