import { matchesAction } from "./action-pattern.ts";

/*
 * The condition of a role assignment, version 2.0:
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 *
 * Truth has three values here. What is well formed but unknown to this evaluator (an attribute, an operator) is
 * neither true nor false, and a condition that is not wholly true denies: a guess must never grant.
 */

/** A condition is no condition of the language; the message says where. */
export class MalformedConditionError extends Error {}

/** What is asked for, as a condition sees it. */
export interface ConditionRequest {
  readonly action: string;
  /** `@Request[…]` by attribute name in lower case. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A condition that was read; its evaluation yields `undefined` where the truth is unknown. */
export type Condition = (request: ConditionRequest) => boolean | undefined;

type Token = { readonly kind: "text" | "attribute" | "word" | "sign" | "end"; readonly value: string };

const scanner =
  /\s*(?:'(?<text>[^']*)'|@(?<attribute>(?:Request|Resource|Principal|Environment)\[[^\]']+\])|(?<word>[A-Za-z]+(?::[A-Za-z]+)?)|(?<sign>&&|\|\||[!(){},]))/iy;

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  stringequals: (left, right) => left === right,
  stringstartswith: (left, right) => left.startsWith(right),
  stringlike: (left, right) => likePattern(right).test(left),
};

// Those without a comparison above are well formed, but nothing about a registry can be compared with them. Letter
// case does not count, as Microsoft's own samples show by `stringEquals`.
const operators =
  /^(?:(?:ForAnyOfAnyValues|ForAllOfAnyValues|ForAnyOfAllValues|ForAllOfAllValues):)?(?:String(?:Not)?(?:Equals|StartsWith|Like)(?:IgnoreCase)?|Bool(?:Not)?Equals|Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|DateTime(?:Not)?Equals|DateTime(?:Less|Greater)Than(?:Equals)?|Guid(?:Not)?Equals|TimeOfDay(?:Not)?Equals|TimeOfDay(?:Less|Greater)Than(?:Equals)?)$/i;

/**
 * Reads a condition.
 * @throws MalformedConditionError
 */
export function parseCondition(source: string): Condition {
  const reader = new Reader(tokens(source));
  const condition = disjunction(reader);
  reader.expect("end", "");
  return condition;
}

/** Whether a condition lets a request pass; one that cannot be read lets nothing pass. */
export function fulfils(source: string, request: ConditionRequest): boolean {
  try {
    return parseCondition(source)(request) === true;
  } catch (error) {
    if (error instanceof MalformedConditionError) return false;
    throw error;
  }
}

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", value: "" };
  }

  take(): Token {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  /** Takes the next token if it is one of these words or signs. */
  skip(...values: readonly string[]): boolean {
    const { kind, value } = this.peek();
    const fits = (kind === "word" || kind === "sign") && values.includes(value);
    if (fits) this.#next += 1;
    return fits;
  }

  expect(kind: Token["kind"], value?: string): string {
    const token = this.take();
    if (token.kind !== kind || (value !== undefined && token.value !== value)) {
      throw new MalformedConditionError(
        `expected ${value || kind} but found ${token.value || token.kind} at token ${this.#next}`,
      );
    }
    return token.value;
  }
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(scanner);
  const end = source.trimEnd().length;
  while (pattern.lastIndex < end) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(source)?.groups;
    const entry = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (!entry) throw new MalformedConditionError(`unexpected text at position ${start}`);
    found.push({ kind: entry[0] as Token["kind"], value: entry[1] ?? "" });
  }
  return found;
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

function comparison(reader: Reader): Condition {
  const attribute = reader.expect("attribute");
  const operator = reader.expect("word");
  if (!operators.test(operator)) throw new MalformedConditionError(`no such operator: ${operator}`);
  const value = literal(reader);
  const [, base = "", ignoreCase] = /^(.*?)(ignorecase)?$/.exec(operator.toLowerCase()) ?? [];
  const compare = comparisons[base.replace("not", "")];
  if (!compare || value === undefined) return () => undefined;
  const plain = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  return (request) => {
    const actual = requested(attribute, request);
    if (actual === undefined) return undefined;
    return compare(plain(actual), plain(value)) !== base.includes("not");
  };
}

/** The text on the right; `undefined` for what is well formed but not compared here: a set, another attribute. */
function literal(reader: Reader): string | undefined {
  if (reader.peek().kind === "text") return reader.take().value;
  if (reader.peek().kind === "attribute") {
    reader.take();
    return undefined;
  }
  reader.expect("sign", "{");
  do reader.expect("text");
  while (reader.skip(","));
  reader.expect("sign", "}");
  return undefined;
}

function requested(attribute: string, request: ConditionRequest): string | undefined {
  const name = /^Request\[(.+)\]$/.exec(attribute)?.[1];
  return name === undefined ? undefined : request.attributes[name.trim().toLowerCase()];
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

/** `*` is any text, `?` any one character. */
function likePattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
