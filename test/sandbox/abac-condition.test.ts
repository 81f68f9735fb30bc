import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fulfils,
  MalformedConditionError,
  parseCondition,
} from "../../src/sandbox/resource-manager/abac-condition.ts";

const repositories = "Microsoft.ContainerRegistry/registries/repositories";
const name = `@Request[${repositories}:name]`;
const read = `${repositories}/content/read`;
const write = `${repositories}/content/write`;

const ask = (action: string, repository: string) => ({
  action,
  attributes: { [`request[${repositories}:name]`.toLowerCase()]: repository },
});

const readsOfTeam = `((!(ActionMatches{'${read}'})) OR (${name} StringStartsWithIgnoreCase 'team/'))`;
const both = `((!(ActionMatches{'${read}'}) AND !(ActionMatches{'${write}'})) OR (${name} StringStartsWithIgnoreCase 'team/'))`;
const several = `((!(ActionMatches{'${read}'})) OR (${name} StringEqualsIgnoreCase 'a' OR ${name} StringEqualsIgnoreCase 'b'))`;
const documented = `((!(ActionMatches{'${read}'})
  AND !(ActionMatches{'${repositories}/metadata/read'}))
 OR (${name} StringEqualsIgnoreCase 'hello-world'))`;

describe("a condition", () => {
  test.each([
    ["lets a read of a repository that it names pass", readsOfTeam, read, "team/x", true],
    ["ends a prefix at its slash", readsOfTeam, read, "team-b/x", false],
    ["does not take the prefix alone for a match", readsOfTeam, read, "team", false],
    ["ignores the case of names where it says so", readsOfTeam, read, "Team/x", true],
    ["that names only reads leaves writes free", readsOfTeam, write, "other/x", true],
    ["that names writes too limits them", both, write, "other/x", false],
    ["that names writes too lets those of its repositories pass", both, write, "team/x", true],
    ["can name several repositories", several, read, "b", true],
    ["keeps out the others", several, read, "c", false],
    ["on several lines is read like one on one line", documented, read, "hello-world", true],
    ["on several lines keeps out the others", documented, `${repositories}/metadata/read`, "hello", false],
    ["matches actions by wildcard", `!(ActionMatches{'${repositories}/*'})`, read, "x", false],
    ["ignores the case of actions", `ActionMatches{'${read.toUpperCase()}'}`, read, "x", true],
    ["compares exactly where it says so", `${name} StringEquals 'Team'`, read, "team", false],
    ["can exclude a repository", `${name} StringNotEquals 'team'`, read, "team", false],
    ["can exclude one and admit the others", `${name} StringNotEqualsIgnoreCase 'TEAM'`, read, "other", true],
    ["knows patterns", `${name} StringLike 'te?m/*'`, read, "team/x", true],
    ["takes a dot in a pattern for a dot", `${name} StringLike 'a.b'`, read, "axb", false],
    [
      "binds AND closer than OR",
      `${name} StringEquals 'a' OR ${name} StringEquals 'b' AND ${name} StringEquals 'c'`,
      read,
      "a",
      true,
    ],
    [
      "understands the signs for AND, OR and NOT",
      `!(${name} StringEquals 'a') && ${name} StringEquals 'b' || ${name} StringEquals 'c'`,
      read,
      "b",
      true,
    ],
    [
      "can compare with any of a set",
      `${name} ForAnyOfAnyValues:StringEqualsIgnoreCase {'A', 'b'}`,
      read,
      "a",
      true,
    ],
    [
      "can compare with all of a set",
      `${name} ForAnyOfAllValues:StringNotEquals {'a', 'b'}`,
      read,
      "a",
      false,
    ],
    [
      "can name GUIDs without quotes",
      `${name} ForAnyOfAnyValues:GuidEquals {7f951dda-4ed3-4680-a7ca-43fe172d538d}`,
      read,
      "7F951DDA-4ed3-4680-a7ca-43fe172d538d",
      true,
    ],
  ])("%s", (_what, condition, action, repository, expected) => {
    expect(fulfils(condition, ask(action, repository))).toBe(expected);
  });

  test.each([
    ["an attribute of the resource", `@Resource[${repositories}:name] StringEquals 'team'`],
    ["an attribute that a request does not carry", "@Request[Microsoft.Other:name] StringEquals 'team'"],
    ["the negation of one", "!(@Request[Microsoft.Other:name] StringEquals 'team')"],
    ["a set where one value belongs", `${name} StringEquals {'team', 'other'}`],
    ["one value where a set belongs", `${name} ForAnyOfAnyValues:StringEquals 'team'`],
    ["another attribute", `${name} StringEquals @Request[${repositories}:name]`],
    ["another type of values", `${name} NumericEquals '1'`],
    ["a suboperation", "SubOperationMatches{'Blob.List'}"],
    ["the negation of a suboperation", "!(SubOperationMatches{'Blob.List'})"],
  ])("that rests on %s is well formed and denies", (_what, condition) => {
    expect(parseCondition(condition)).toBeTypeOf("function");
    expect(fulfils(condition, ask(read, "team"))).toBe(false);
  });

  test("may hold what is unknown where it does not matter", () => {
    const unknown = `@Resource[${repositories}:name] StringEquals 'x'`;
    expect(fulfils(`(!(ActionMatches{'${read}'})) OR (${unknown})`, ask(write, "x"))).toBe(true);
    expect(fulfils(`(!(ActionMatches{'${read}'})) OR (${unknown})`, ask(read, "x"))).toBe(false);
  });

  test.each([
    "",
    "(",
    "()",
    `${name} StringEquals`,
    `${name} StringEquals team`,
    `${name} StringEquals "team"`,
    `${name} Resembles 'team'`,
    `'team' StringEquals ${name}`,
    `${name} StringEquals 'team`,
    `${name} StringEquals 'a' OR`,
    `${name} StringEquals 'a' ${name} StringEquals 'b'`,
    `${name} StringEquals 'a')`,
    `ActionMatches('${read}')`,
    `ActionMatches{${read}}`,
    "Matches{'x'}",
    `@Somebody[${repositories}:name] StringEquals 'x'`,
    `${name} StringEquals {}`,
    "$",
  ])("is malformed: %j", (condition) => {
    expect(() => parseCondition(condition)).toThrow(MalformedConditionError);
    expect(fulfils(condition, ask(read, "team"))).toBe(false);
  });

  test("whatever it holds is read or refused, and never grants by accident", () => {
    const part = fc.constantFrom(
      "(",
      ")",
      "!",
      "AND",
      "OR",
      "'a'",
      "{",
      "}",
      ",",
      name,
      "StringEquals",
      "x",
      "@",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const condition = parts.join(" ");
        const granted = fulfils(condition, ask(read, "a"));
        // Here, only a comparison can grant anything.
        expect(granted && !condition.includes("StringEquals")).toBe(false);
      }),
    );
  });
});
