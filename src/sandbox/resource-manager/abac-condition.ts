import { comparison, type Condition, type ConditionRequest } from "./abac-comparison.ts";
import { MalformedConditionError, Reader } from "./abac-reader.ts";
import { matchesAction } from "./action-pattern.ts";

export { MalformedConditionError } from "./abac-reader.ts";

/*
 * The condition of a role assignment, version 2.0:
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 *
 * Truth has three values here. What is well formed but unknown to this evaluator (an attribute, an operator) makes a
 * comparison neither true nor false. A condition that is not wholly true denies, because a guess must never grant.
 */

/**
 * Parses a condition.
 * @throws MalformedConditionError
 */
export function parseCondition(source: string): Condition {
  const reader = new Reader(source);
  const condition = disjunction(reader);
  reader.expect("end", "");
  return condition;
}

/** Whether a condition allows a request. A malformed condition allows nothing. */
export function fulfils(source: string, request: ConditionRequest): boolean {
  try {
    return parseCondition(source)(request) === true;
  } catch (error) {
    if (error instanceof MalformedConditionError) return false;
    throw error;
  }
}

function disjunction(reader: Reader): Condition {
  const parts = [conjunction(reader)];
  while (reader.skip("OR", "||")) parts.push(conjunction(reader));
  return (request) => {
    const truths = parts.map((part) => part(request));
    return truths.includes(true) ? true : truths.includes(undefined) ? undefined : false;
  };
}

function conjunction(reader: Reader): Condition {
  const parts = [negation(reader)];
  while (reader.skip("AND", "&&")) parts.push(negation(reader));
  return (request) => {
    const truths = parts.map((part) => part(request));
    return truths.includes(false) ? false : truths.includes(undefined) ? undefined : true;
  };
}

function negation(reader: Reader): Condition {
  if (reader.skip("!", "NOT")) {
    const inner = negation(reader);
    return (request) => not(inner(request));
  }
  if (reader.skip("(")) {
    const inner = disjunction(reader);
    reader.expect("sign", ")");
    return inner;
  }
  if (reader.peek().kind === "attribute") return comparison(reader);
  return functionCall(reader);
}

function functionCall(reader: Reader): Condition {
  const name = reader.expect("word");
  const known = name.toLowerCase();
  if (known !== "actionmatches" && known !== "suboperationmatches") {
    throw new MalformedConditionError(`no such function: ${name}`);
  }
  reader.expect("sign", "{");
  const pattern = reader.expect("text");
  reader.expect("sign", "}");
  return known === "actionmatches" ? (request) => matchesAction(pattern, request.action) : () => undefined;
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}
