import { describe, expect, it } from "vitest";
import type { RoleAssignmentMode } from "../../src/domain/registry.ts";
import type { RoleAssignment } from "../../src/domain/role-assignment.ts";
import { repositoriesIn, repositoryCondition, rolesFor, type BuiltInRole } from "../../src/domain/role.ts";
import { modeBehind, wantedRights, type WantedRights } from "../../src/domain/role-standing.ts";

const modes = { legacy: "LegacyRegistryPermissions", abac: "AbacRepositoryPermissions" } as const;

const roles: Readonly<Record<string, BuiltInRole>> = Object.fromEntries(
  (["acrpull", "acrpush", "owner"] as const)
    .flatMap((requested) => Object.values(modes).flatMap((mode) => rolesFor(requested, mode)))
    .map((role) => [role.name.replace("Container Registry Repository ", ""), role]),
);

/** A condition that somebody else wrote. */
const foreign = "(@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringLike 'team?')";

/** An assignment from a text: `Reader`, `Reader team/*,base`, or `Reader ?` for a condition that is not ours. */
function assignment(text: string): RoleAssignment {
  const [name = "", limit] = text.split(" ");
  const role = roles[name];
  const id = `/x/${name}`;
  return {
    id,
    name,
    roleDefinitionId: `/roles/${role?.guid ?? name}`,
    principalId: "p",
    scope: "/registry",
    condition: limit === "?" ? foreign : limit && role && repositoryCondition(role, limit.split(",")),
  };
}

/** The wanted rights as a text: `acrpush: Writer team/*`. */
function told(rights: WantedRights): string {
  if (rights.kind === "limit-lost") return `${rights.kind} ${rights.repositories.join(",")}`;
  if (rights.kind === "limit-unreadable") return `${rights.kind} ${rights.standing.name}`;
  const granted = rights.assignments.map(({ role, condition }) => {
    const name = Object.entries(roles).find(([, one]) => one === role)?.[0];
    const limit = condition === foreign ? "?" : repositoriesIn(condition ?? "").join(",");
    return limit === "" ? name : `${name} ${limit}`;
  });
  return `${rights.requested}: ${granted.join(" + ")}`;
}

type Row = readonly [mode: RoleAssignmentMode, ours: string, others: string, said: string, wanted: string];

const { legacy, abac } = modes;
const limited = "Reader team/*";
const rows: readonly Row[] = [
  // Nothing is requested: what is there stays.
  [legacy, "", "", "", "acrpull: AcrPull"],
  [abac, "", "", "", "acrpull: Reader"],
  [legacy, "AcrPush", "", "", "acrpush: AcrPush"],
  [legacy, "Owner", "", "", "owner: Owner"],
  [legacy, "AcrPull + AcrPush", "", "", "acrpush: AcrPull + AcrPush"],
  [abac, limited, "", "", `acrpull: ${limited}`],
  [abac, "Reader ?", "", "", "acrpull: Reader ?"],
  [abac, "Owner + Contributor", "", "", "owner: Owner + Contributor"],
  [abac, "Owner + Contributor team/*", "", "", "owner: Owner + Contributor team/*"],
  [abac, "Owner + Reader", "", "", "owner: Owner + Reader"],
  [abac, `${limited} + Writer base`, "", "", `acrpush: ${limited} + Writer base`],
  // The mode was switched: other roles give the same rights, unless a limit would be lost.
  [abac, "AcrPush", "", "", "acrpush: Writer"],
  [abac, "Owner", "", "", "owner: Owner + Contributor"],
  [abac, `AcrPush + ${limited}`, "", "", `acrpull: ${limited}`],
  [legacy, "Writer", "", "", "acrpush: AcrPush"],
  [legacy, limited, "", "", "limit-lost team/*"],
  [legacy, limited, "", "acrpush", "limit-lost team/*"],
  [legacy, "Reader ?", "", "", "limit-unreadable Reader"],
  [legacy, limited, "", "*", "acrpull: AcrPull"],
  [legacy, `AcrPull + ${limited}`, "", "", "acrpull: AcrPull"],
  // A role is requested: the limit stays.
  [legacy, "AcrPush", "", "acrpull", "acrpull: AcrPull"],
  [abac, limited, "", "acrpush", "acrpush: Writer team/*"],
  [abac, "Writer", "", "acrpull", "acrpull: Reader"],
  [abac, limited, "", "owner", "owner: Owner + Contributor team/*"],
  [abac, "Reader ?", "", "acrpull", "acrpull: Reader ?"],
  [abac, "Reader ?", "", "acrpush", "limit-unreadable Reader"],
  [abac, "Reader ?", "", "acrpush *", "acrpush: Writer"],
  [abac, `${limited} + Writer base`, "", "acrpush", "acrpush: Writer base"],
  [abac, `${limited} + Writer base`, "", "owner", "owner: Owner + Contributor base,team/*"],
  [abac, `${limited} + Writer`, "", "owner", "owner: Owner + Contributor"],
  // Repositories are requested: the role stays.
  [abac, "", "", "base", "acrpull: Reader base"],
  [abac, "Writer team/*", "", "base", "acrpush: Writer base"],
  [abac, "Writer team/*", "", "*", "acrpush: Writer"],
  [abac, "Reader ?", "", "base", "acrpull: Reader base"],
  [abac, "Owner + Contributor", "", "base", "owner: Owner + Contributor base"],
  [abac, "AcrPush", "", "base", "acrpush: Writer base"],
  // Granted by somebody else: it is enough if it allows pulls, and counts for nothing beyond that.
  [legacy, "", "AcrPush", "", "acrpush: AcrPush"],
  [legacy, "", "AcrPull + AcrPush", "", "acrpull: AcrPull"],
  [legacy, "", "Owner", "", "acrpull: AcrPull"],
  [legacy, "", "Unheard", "", "acrpull: AcrPull"],
  [legacy, "AcrPull", "AcrPush", "", "acrpull: AcrPull"],
  [abac, "", "AcrPull", "", "acrpull: Reader"],
  [abac, "", "Reader ?", "", "acrpull: Reader ?"],
  [abac, "", limited, "acrpush", "acrpush: Writer team/*"],
  [abac, "", limited, "base", "acrpull: Reader base"],
  [abac, "", limited, "*", "acrpull: Reader"],
];

describe("the rights that a principal shall have", () => {
  it.each(rows)(
    "in %s, where it holds [%s] and of others [%s], and [%s] is said: %s",
    (mode, ours, others, said, wanted) => {
      const list = (text: string) => (text === "" ? [] : text.split(" + ").map(assignment));
      const words = said.split(" ").filter((word) => word !== "");
      const role = (["acrpull", "acrpush", "owner"] as const).find((one) => words.includes(one));
      const named = words.filter((word) => word !== role);
      const repositories = named.length === 0 ? undefined : named.filter((word) => word !== "*");
      const rights = wantedRights({ ours: list(ours), others: list(others) }, { role, repositories }, mode);
      expect(told(rights)).toBe(wanted);
    },
  );

  it("are what stands, whatever that is, once they were granted and nothing more is said", () => {
    for (const [mode, ours, others, said, wanted] of rows) {
      const [, granted = ""] = wanted.split(": ");
      if (granted === "" || others !== "") continue;
      const list = granted.split(" + ").map(assignment);
      const again = wantedRights(
        { ours: list, others: [] },
        { role: undefined, repositories: undefined },
        mode,
      );
      expect(told(again), `${ours} ${said}`).toBe(wanted);
    }
  });
});

describe("the mode of a registry whose cloud does not tell it", () => {
  it.each([
    ["", undefined],
    ["AcrPull", undefined],
    ["Owner", undefined],
    ["Reader team/*", abac],
    ["Owner + Contributor", abac],
    ["AcrPull + Writer", abac],
  ] as const)("of a principal that holds %j by us is %s", (held, mode) => {
    expect(modeBehind(held === "" ? [] : held.split(" + ").map(assignment))).toBe(mode);
  });
});
