import type { KeptReason } from "../../core/remove/contract.ts";

const texts: Readonly<Record<KeptReason, string>> = {
  "holds-other-entries": "stays with the other entries in it",
  "not-made-by-acr-pull": "stays, for acr-pull did not make it",
  "holds-other-credential": "stays with another credential for this host, which is not acr-pull's",
  "being-deleted": "is being deleted, and still held",
  unfinished: "holds no password, and leads the next run to what is still to go",
  "linked-by-others": "somebody else wrote its list",
  "of-another-cluster": "its mark says that it is another cluster's",
  "still-held": "still used",
  "not-ours": "acr-pull did not make it for this cluster",
  unnamed: "no secret here names it: another cluster of the same id may pull with it",
  "has-unnamed-key": "a key is left that no secret here names",
  "principal-gone": "its principal is gone, so that nobody pulls by it",
  "used-by-other-clusters": "other clusters use it",
  shared: "acr-pull did not make the application for this cluster",
  "has-other-credentials": "something else can sign in as it",
  "not-seen": "it cannot be seen whether something else can sign in as it",
  "has-other-roles": "it holds other roles",
  "asked-to-keep": "asked to keep",
};

const mostNamed = 3;

/**
 * Why something stays, in words.
 * @param heldBy the secrets, or finalizers, that are the reason
 */
export function reasonText(reason: KeptReason, heldBy: readonly string[] = []): string {
  if (heldBy.length === 0) return texts[reason];
  const named = heldBy.slice(0, mostNamed).join(", ");
  const more = heldBy.length - mostNamed;
  return `${texts[reason]} by ${named}${more > 0 ? ` and ${more} more` : ""}`;
}
